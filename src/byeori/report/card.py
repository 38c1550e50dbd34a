"""The model card: README.md inside the model folder."""

from __future__ import annotations

from collections.abc import Mapping

from byeori._util.json import Json
from byeori._util.text import brief
from byeori.core.data import Prepared
from byeori.model import Recipe


def model_card(recipe: Recipe, prepared: Prepared, outcome: Mapping[str, Json]) -> str:
    """Return a model card in Markdown: what it predicts, from what, how well, how it was made, how to use it.

    Args:
        recipe: The model.
        prepared: The data it was made from.
        outcome: What finish.json says.
    """
    schema = recipe.schema
    families = ", ".join(f"{part.family} ({part.weight:.0%})" for part in recipe.parts)
    lines = [
        f"# A model for {brief(schema.target.name)}",
        "",
        f"- Task: {schema.task} from {schema.modality}",
        f"- Answers: {_answers(recipe)}",
        f"- Made of: {families}",
        f"- Trained on {prepared.sizes['train']:,} items, validated on {prepared.sizes['valid']:,}, "
        f"tested once on {prepared.sizes['test']:,}",
        f"- Data fingerprint: `{prepared.fingerprint}`",
        "",
        "## How well it does",
        "",
        "| metric | validation | test |",
        "|---|---|---|",
        *(_row(name, recipe) for name in recipe.metrics["valid"]),
        "",
        "Validation chose this model, so its validation figures flatter it; the test figures do not. "
        "Intervals are 95 %, by bootstrap.",
        "",
        "## How to use it",
        "",
        "```",
        "byeori predict MODEL DATA -o out.csv",
        "```",
        "",
        "```python",
        "import byeori",
        "",
        'byeori.load("MODEL").predict("DATA").frame()',
        "```",
        "",
        "## Limits",
        "",
        "It knows what it was shown: items unlike the training data get an answer too, and it may be wrong. "
        "Its probabilities were corrected on the validation rows.",
        *(f"- {note}" for note in recipe.notes),
        "",
    ]
    return "\n".join(lines)


def _answers(recipe: Recipe) -> str:
    labels = recipe.schema.labels
    if not labels:
        return "a number"
    shown = ", ".join(brief(label) for label in labels[:20])
    return f"one of {len(labels)} classes: {shown}{', …' if len(labels) > 20 else ''}"


def _row(name: str, recipe: Recipe) -> str:
    cells = [_cell(recipe.metrics.get(split, {}).get(name)) for split in ("valid", "test")]
    return f"| {name} | {cells[0]} | {cells[1]} |"


def _cell(interval: Json) -> str:
    if not interval or interval["value"] is None:
        return "–"
    return f"{interval['value']:.4f} ({interval['low']:.4f} – {interval['high']:.4f})"
