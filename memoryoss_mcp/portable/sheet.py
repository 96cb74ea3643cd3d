# SPDX-License-Identifier: AGPL-3.0-only
"""The style sheet of pages: light and dark, narrow and wide."""

from typing import Final

SHEET: Final = """
:root {
  --ground: #fbfaf8; --card: #ffffff; --ink: #1d2126; --faint: #626a73; --edge: #e2e0da;
  --good: #15724a; --bad: #b3261e; --warn: #8a5a00; --tint: #f1efe9;
  --active: #2c6fbb; --candidate: #e0a526; --contested: #cc4b37; --stale: #9aa1a9;
  --added: #dcf3e4; --removed: #fbe1de;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1c2024; --ink: #e6e8ea; --faint: #9aa3ad; --edge: #31373d;
    --good: #5cc490; --bad: #ff8a7d; --warn: #e9b44c; --tint: #252a2f;
    --active: #5b9be6; --candidate: #d9a233; --contested: #e2705c; --stale: #737c86;
    --added: #173d29; --removed: #4a211d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere;
}
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
h3 { font-size: .95rem; margin: 0 0 .4rem; color: var(--faint); font-weight: 600; }
p { margin: 0 0 .4rem; }
ul, ol { list-style: none; margin: 0; padding: 0; }
header p { margin: 0; }
section { margin: 1.6rem 0 0; }
figure { margin: 0; }
svg { display: block; }
.faint { color: var(--faint); font-size: .86rem; font-weight: 400; }
.path, code { font: .82rem/1.5 ui-monospace, "SF Mono", Consolas, monospace; }
.two { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
.two > section { min-width: 0; }
.unseen {
  background: var(--bad); color: var(--card); border-radius: 3px; padding: 0 .25em;
  font: .72em ui-monospace, monospace;
}
.verdict { display: flex; flex-wrap: wrap; gap: .5rem; }
.verdict li {
  border: 1px solid var(--edge); border-radius: 99px; padding: .15rem .8rem;
  background: var(--card);
}
.verdict b { margin-right: .35rem; }
.good b, b.good { color: var(--good); } .bad b, b.bad { color: var(--bad); }
.warn b, b.warn { color: var(--warn); } .none b { color: var(--faint); }
.findings { border-left: 4px solid var(--warn); padding: .5rem .9rem; background: var(--card); }
.findings.bad { border-color: var(--bad); }
.findings li + li { margin-top: .3rem; }
.numbers { display: flex; flex-wrap: wrap; gap: 1rem 2.2rem; }
.numbers b { display: block; font-size: 1.6rem; line-height: 1.2; }
.columns { width: 100%; height: 8rem; border-bottom: 1px solid var(--edge); }
.axis { display: flex; justify-content: space-between; gap: 1rem; color: var(--faint);
  font-size: .82rem; }
.share { width: 100%; height: 1.1rem; border-radius: 4px; }
.active { fill: var(--active); } .candidate { fill: var(--candidate); }
.contested { fill: var(--contested); } .stale { fill: var(--stale); }
.kept { fill: var(--stale); } .edited { fill: var(--candidate); }
.come { fill: var(--good); } .gone { fill: var(--contested); }
.clear { fill: transparent; } g:hover > .clear { fill: var(--ink); opacity: .08; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .4rem 0; font-size: .9rem; }
.swatch { display: inline-block; width: .75rem; height: .75rem; border-radius: 3px;
  margin-right: .4rem; flex: none; }
.swatch.active { background: var(--active); } .swatch.candidate { background: var(--candidate); }
.swatch.contested { background: var(--contested); } .swatch.stale { background: var(--stale); }
.swatch.kept { background: var(--stale); } .swatch.edited { background: var(--candidate); }
.swatch.come { background: var(--good); } .swatch.gone { background: var(--contested); }
.swatch.absent { border: 1px dashed var(--faint); }
.bars li { display: grid; grid-template-columns: minmax(5rem, 9rem) 1fr 3.5rem; gap: .7rem;
  align-items: center; font-size: .9rem; padding: .12rem 0; }
.bars b { text-align: right; font-variant-numeric: tabular-nums; }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bar { background: var(--tint); border-radius: 3px; height: .7rem; display: block; }
.bar i { display: block; height: 100%; background: var(--active); border-radius: 3px;
  min-width: 2px; }
.ties { display: flex; }
.ties svg { flex: none; }
.ties ol { min-width: 0; flex: 1; }
.ties ol li { height: 40px; display: flex; align-items: center; min-width: 0; }
.ties path { fill: none; stroke-width: 1.6; }
.ties .head { stroke: none; }
.superseded_by path { stroke: var(--active); } .superseded_by .head { fill: var(--active); }
.derived_from path { stroke: var(--faint); stroke-dasharray: 5 3; }
.derived_from .head { fill: var(--faint); }
.contradicts_with path { stroke: var(--contested); stroke-dasharray: 1.5 3; }
.stroke { display: inline-block; width: 1.6rem; border-top: 2px solid; margin-right: .4rem;
  vertical-align: middle; }
.stroke.superseded_by { color: var(--active); }
.stroke.derived_from { color: var(--faint); border-top-style: dashed; }
.stroke.contradicts_with { color: var(--contested); border-top-style: dotted; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 8px;
  padding: .7rem .9rem; margin: 0 0 .7rem; }
.card:target { border-color: var(--active); }
.text { white-space: pre-wrap; display: block; margin: .3rem 0; }
.tops { display: flex; flex-wrap: wrap; gap: .1rem .8rem; align-items: center;
  font-size: .86rem; color: var(--faint); }
.tops b { color: var(--ink); font-weight: 600; }
.tag { background: var(--tint); border-radius: 4px; padding: 0 .4rem; color: var(--ink); }
summary { cursor: pointer; color: var(--faint); }
a { color: var(--active); }
ins { background: var(--added); text-decoration: none; border-radius: 3px; }
del { background: var(--removed); border-radius: 3px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-top: 1px solid var(--edge); }
th { font-weight: 400; color: var(--faint); width: 11rem; }
@media (max-width: 34rem) {
  th, td { display: block; width: auto; padding: .1rem 0; }
  td { border-top: 0; } h1 { font-size: 1.35rem; }
  .bars li { grid-template-columns: 6.5rem 1fr 2.5rem; }
}
@media print { body { background: none; } .card { break-inside: avoid; } }
"""
