/** The one style sheet, sent inside each page: no second round trip. */
export const STYLE = `
:root{--paper:#fffdf8;--ground:#efe9dd;--ink:#211c15;--soft:#6a6052;--line:#d9cfbd;--go:#0a6b4b;
--go-ink:#fff;--bad:#a3231a;--bad-ground:#fdecea;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--paper:#231f1a;--ground:#15120f;--ink:#f4eee3;--soft:#b5aa98;
--line:#463e33;--go:#4cc79a;--go-ink:#08261b;--bad:#ff9d92;--bad-ground:#3d1c18}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:17px/1.45 system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC","PingFang SC",sans-serif}
main,header{max-width:26rem;margin:auto;padding:0 14px}
header{display:flex;justify-content:space-between;align-items:center;min-height:44px}
header a{padding:11px 4px;margin-left:auto}
a{color:var(--soft)}
.slip{background:var(--paper);border-radius:10px 10px 0 0;padding:18px 18px 24px;
--t:linear-gradient(#000 0 0);mask:var(--t) top/100% calc(100% - 9px) no-repeat,
radial-gradient(9px at 50% 0,#000 98%,#0000) bottom/18px 9px repeat-x}
h1{font-size:1.3rem;line-height:1.25;margin:0}
h2{font-size:1rem;margin:0}
p{margin:.2rem 0;text-wrap:pretty}
.soft{color:var(--soft);font-size:.9rem}
table{width:100%;border-collapse:collapse;margin:12px 0 0;font-variant-numeric:tabular-nums}
td,tfoot th{padding:5px 0;vertical-align:baseline;text-align:left;font-weight:400}
td:last-child{text-align:right;white-space:nowrap;padding-left:12px;width:1%}
td.q{width:1%;white-space:nowrap;color:var(--soft);padding-right:9px}
tfoot tr>*{border-top:2px dashed var(--line);padding-top:8px;font-weight:700}
.sum{font-size:2.7rem;font-weight:750;letter-spacing:-.03em;line-height:1;margin:14px 0 4px;
font-variant-numeric:tabular-nums}
.mid+.sum{text-align:center;margin:12px 0 22px}
form{padding:16px 4px 28px}
fieldset{border:0;margin:0 0 14px;padding:0}
legend{font-weight:700;padding:0;margin-bottom:4px}
label{display:block;font-size:.9rem;margin:8px 0 4px}
input{font:inherit;width:100%;min-height:48px;padding:8px 12px;color:inherit;background:var(--paper);
border:1.5px solid var(--soft);border-radius:8px}
input[aria-invalid]{border-color:var(--bad)}
#digits{width:5.2rem;font-size:1.6rem;font-weight:700;text-align:center;letter-spacing:.25em;
padding:4px 0 4px .25em}
.row{display:flex;gap:14px;align-items:center}
.row .soft{margin:0}
button{font:inherit;min-height:48px;border-radius:8px;cursor:pointer}
.pay{width:100%;min-height:58px;border:0;background:var(--go);color:var(--go-ink);
font-size:1.2rem;font-weight:700;margin-top:4px}
.slip>form{padding:0}input+.pay{margin-top:16px}
.slip nav{margin-top:12px}.slip nav a{display:block;padding:12px 0;border-top:1px solid var(--line);color:inherit;font-weight:600}
.pay:disabled{opacity:.6}
.plain{background:none;border:0;color:var(--soft);text-decoration:underline;padding:0 2px;font-size:.9rem}
:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
.alert{background:var(--bad-ground);color:var(--bad);border-radius:8px;padding:10px 14px;
font-weight:600;margin:0 0 14px}
.mark{width:64px;height:64px;border-radius:50%;display:grid;place-items:center;margin:6px auto 10px;
background:var(--go);color:var(--go-ink);font-size:34px;font-weight:700;line-height:1}
.mark.bad{background:var(--bad-ground);color:var(--bad)}
.mid{text-align:center;margin-bottom:6px}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 12px;margin:14px 0 0;font-size:.87rem}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere}
.print{padding:16px 4px}.print button{width:100%;background:none;border:1.5px solid var(--soft);color:inherit}
[hidden]{display:none!important}
@media print{body{background:#fff;color:#000}header,.print{display:none}.slip{padding:0;mask:none}}
`;
