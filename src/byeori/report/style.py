"""The look of the report; follows the reader's light or dark preference and prints."""

STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#666;--line:#ddd;--back:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--soft:#aaa;--line:#444;--back:#161616}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main{max-width:960px;margin:0 auto;padding:24px 16px 64px}
h1{margin:0;font-size:26px}h2{margin:40px 0 8px;font-size:19px;border-bottom:1px solid var(--line)}
h3{margin:16px 0 4px;font-size:15px}.sub{color:var(--soft);margin:2px 0 0}.big{font-size:30px;margin:8px 0}
.big small{font-size:16px;color:var(--soft)}
table{border-collapse:collapse;margin:8px 0}td,th{padding:3px 10px 3px 0;text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft)}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr+tr td{border-top:1px solid var(--line)}
.wide{overflow-x:auto}.genome{font-size:12px;color:var(--soft);min-width:220px;overflow-wrap:anywhere}
.genome pre{font-size:11px;margin:4px 0}summary{cursor:pointer}
.matrix td,.matrix th{padding:4px 6px;min-width:34px;max-width:110px;text-align:center;font-size:13px;
overflow-wrap:anywhere}
.matrix th:first-child{text-align:right;max-width:200px}
svg{width:100%;max-width:520px;height:auto;display:block}svg text{font-size:11px;fill:var(--soft)}
svg .grid{stroke:var(--line)}svg.bar{width:160px;height:16px;margin-top:4px}
figure{margin:8px 0}.legend span{margin-right:14px;font-size:12px;color:var(--soft)}
.legend i{display:inline-block;width:10px;height:10px;margin-right:5px;border-radius:5px}
i.count{display:inline-block;height:9px;background:#0072b2;border-radius:2px}
.grid2{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:8px 24px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(120px,1fr));gap:10px}
.card{margin:0;border:1px solid var(--line);border-radius:6px;padding:6px;font-size:13px;overflow-wrap:anywhere}
.card img{width:100%;image-rendering:pixelated;border-radius:3px}
.findings li{margin:4px 0}.findings .warning b{color:#d55e00}.findings .error b{color:#c00}
em{font-style:normal;font-size:11px;border:1px solid var(--line);border-radius:8px;padding:0 6px;color:var(--soft)}
pre,code{font:13px/1.5 ui-monospace,monospace}pre{background:rgba(127,127,127,.12);padding:10px;border-radius:6px;
overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.lineage>li{margin:6px 0}li code{color:var(--soft)}
@media (max-width:640px){svg.bar{width:80px}main{padding:16px 12px 48px}.matrix td,.matrix th{padding:3px}}
@media print{section{break-inside:avoid}}
"""
