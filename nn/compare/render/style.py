"""The style sheet of the HTML page.

Shades are from the cividis map, whose lightness alone tells them apart; on a dark page its order is turned round, so
that large errors stand out on both.
"""

from __future__ import annotations

__all__ = ["STYLE"]

_SHADES = ("#f4ecc4", "#e6d98a", "#cdbd72", "#aea476", "#8c8a79", "#6c6f74", "#4b546d", "#2c3d6b", "#0a2550")
_DARK = ("#14294f", "#24406f", "#40506f", "#5b6172", "#777674", "#948d77", "#b5a672", "#d8c263", "#ffe945")


def _shades(colours: tuple[str, ...]) -> str:
    return "".join(f"--s{i}:{colour};" for i, colour in enumerate(colours, 1))


_RULES = "".join(f".s{i}{{fill:var(--s{i});background:var(--s{i})}}" for i in range(10))

STYLE = f"""
:root{{--page:#fbfbf9;--card:#fff;--text:#1d2127;--soft:#5c6470;--line:#dddfe2;--link:#0b57a4;--s0:#eceef0;
--wrong:#b3261e;--kink:#8a5a00;--rounding:#1f5f8b;--exact:#20713c;--untested:#76409c;--hatch:#fff;{_shades(_SHADES)}}}
@media (prefers-color-scheme:dark){{:root{{--page:#14171b;--card:#1c2026;--text:#e6e8ea;--soft:#9aa3ad;--line:#343a42;
--link:#8ec5ff;--s0:#262b32;--wrong:#ff8a80;--kink:#ffc46b;--rounding:#8ecbff;--exact:#7bd88f;--untested:#d7a6ff;
--hatch:#000;{_shades(_DARK)}}}}}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,"Segoe UI",Roboto,sans-serif}}
main{{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}}
h1{{margin:.2rem 0 1rem;font-size:1.9rem}}
h2{{margin:2.5rem 0 .75rem;font-size:1.25rem}}
h3{{margin:0 0 .5rem;font-size:1.05rem}}
p{{margin:.4rem 0}}
a{{color:var(--link)}}
.defs{{position:absolute}}
.kicker{{margin:0;color:var(--soft);letter-spacing:.04em}}
.lead{{font-size:1.05rem;max-width:48rem}}
.badge,.verdict{{white-space:nowrap;font-weight:600}}
.badge{{padding:.1em .6em;border:.1em solid currentcolor;border-radius:1em}}
h3 .badge{{font-size:.8rem;margin-left:.35rem}}
.wrong{{color:var(--wrong)}}.kink{{color:var(--kink)}}.rounding{{color:var(--rounding)}}
.exact{{color:var(--exact)}}.untested{{color:var(--untested)}}.none{{color:var(--soft)}}
.card{{background:var(--card);border:1px solid var(--line);border-left:.35rem solid currentcolor;border-radius:.5rem;
padding:1rem 1.25rem;margin:.75rem 0}}
.card>:not(h4){{color:var(--text)}}.card h3 .badge{{color:inherit}}
.card.wrong .badge{{color:var(--wrong)}}.card.kink .badge{{color:var(--kink)}}
.card p{{overflow-wrap:anywhere}}
.card p.diagnosis{{font-size:1.05rem}}
h4{{margin:.8rem 0 .2rem;font-size:.85rem;color:var(--soft);font-weight:600}}
dl{{display:flex;flex-wrap:wrap;gap:.3rem 1.75rem;margin:0;font-size:.9rem}}
dt{{color:var(--soft);font-size:.8rem}}dd{{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
.scroll{{overflow-x:auto}}
table{{border-collapse:collapse;width:100%;font-size:.9rem}}
th,td{{padding:.3rem .75rem .3rem 0;text-align:left;white-space:nowrap}}
thead th{{border-bottom:2px solid var(--line);color:var(--soft);font-weight:600}}
tbody th{{font-weight:400}}
tr.first>*{{border-top:1px solid var(--line)}}
tbody tr:hover{{background:color-mix(in srgb,var(--line) 35%,transparent)}}
.number{{text-align:right;font-variant-numeric:tabular-nums}}
.legend{{display:flex;flex-wrap:wrap;gap:.3rem 1rem;list-style:none;margin:.75rem 0;padding:0;font-size:.85rem}}
.legend i{{display:inline-block;width:1.1em;height:1.1em;margin-right:.4em;vertical-align:-.2em;border-radius:2px;
border:1px solid var(--line)}}
details{{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem 1rem;margin:.5rem 0}}
summary{{cursor:pointer}}
.mode,.note{{color:var(--soft);font-size:.85rem}}
.note{{margin:.5rem 0}}
svg{{display:block;max-width:none}}
.hatch{{fill:var(--hatch);opacity:.6}}
{_RULES}
"""
