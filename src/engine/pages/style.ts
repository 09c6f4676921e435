// The one stylesheet: the tokens of the theme, and the rules that lay out every page.
import { THEME } from '#theme'

export const CSS = `
:root { color-scheme: light dark; ${THEME.shapes} ${THEME.light} }
@media (prefers-color-scheme: dark) { :root { ${THEME.dark} } }
*, ::before, ::after { box-sizing: border-box }
body { margin: 0; min-height: 100dvh; display: flex; flex-direction: column; align-items: center; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 var(--font); padding: clamp(1rem, 4vw, 3rem) 1rem 2rem }
header, main, footer { width: 100%; max-width: 30rem }
main.wide { max-width: 44rem }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin-bottom: 1.25rem; color: var(--accent); font: 600 1.1rem var(--serif) }
header a { color: inherit; text-decoration: none; display: flex; align-items: center; gap: .6rem }
header nav { margin-left: auto; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; align-items: baseline; font: 400 .92rem var(--font) }
header nav a { display: inline; text-decoration: underline }
header svg { display: block }
header:has(+ main.wide), main.wide + footer { max-width: 44rem }
main { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow);
  padding: clamp(1.25rem, 5vw, 2.25rem) }
footer { margin-top: 1.25rem; color: var(--quiet); font-size: .85rem; display: flex; gap: 1.25rem; flex-wrap: wrap }
footer a { color: inherit }
h1 { font: 600 1.6rem/1.25 var(--serif); margin: 0 0 .6rem; overflow-wrap: anywhere; text-wrap: balance }
h2 { font: 600 1.2rem/1.3 var(--serif); margin: 0 0 .3rem; overflow-wrap: anywhere }
h3 { font: 600 1.05rem/1.3 var(--serif); margin: 0; overflow-wrap: anywhere }
h1.named { display: flex; align-items: center; gap: .6rem }
p.row { gap: .6rem 1.1rem }
h1.named svg { color: var(--accent); flex: none }
section { border-top: 1px solid var(--line); margin-top: 1.6rem; padding-top: 1.4rem }
p { margin: 0 0 1rem }
a { color: var(--accent) }
.quiet { color: var(--quiet); font-size: .92rem }
.quiet:last-child, p:last-child { margin-bottom: 0 }
strong, b { overflow-wrap: anywhere }
code, pre { font: .92em var(--mono); overflow-wrap: anywhere }
pre { background: var(--tint); border-radius: 10px; padding: .8rem 1rem; margin: 0 0 1.1rem; white-space: pre-wrap }
label .quiet { font-weight: 400 }
label { display: block; font-weight: 600; margin-bottom: .4rem }
input[type=password], input[type=text], input[type=date], select { width: 100%; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--quiet); border-radius: 10px; padding: .7rem .85rem; margin-bottom: 1rem }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0 }
legend { padding: 0; margin-bottom: .4rem; font-weight: 600 }
button, .button { font: 600 1rem var(--font); border-radius: 10px; border: 1px solid var(--accent); padding: .7rem 1.1rem;
  min-height: 2.9rem; cursor: pointer; background: transparent; color: var(--accent); text-decoration: none; display: inline-block }
.button { display: inline-flex; align-items: center; justify-content: center }
button.primary { background: var(--accent); color: var(--on-accent) }
button.danger, .button.danger { border-color: var(--danger); color: var(--danger) }
button.small, .button.small { min-height: 2.4rem; padding: .4rem .85rem; font-size: .9rem }
button:hover { filter: brightness(1.08) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.choice { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin: 1.4rem 0 1rem }
.arms { position: relative; display: grid }
.arms::after { content: ""; position: absolute; inset: 0; cursor: not-allowed; visibility: hidden; animation: guard .5s step-end both }
.arms button { animation: wait .5s step-end both }
@keyframes guard { from { visibility: visible } to { visibility: hidden } }
@keyframes wait { from { background: var(--tint); border-color: var(--line); color: var(--quiet) } }
.notice { border-radius: 10px; padding: .75rem 1rem; margin: 0 0 1rem; background: var(--warn); color: var(--on-warn) }
.notice.done { background: var(--tint); color: var(--ink) }
.facts { margin: 0 0 1.2rem; padding: .85rem 1rem; background: var(--tint); border-radius: 10px; display: grid; gap: .5rem }
.facts div { display: flex; flex-wrap: wrap; gap: 0 .6rem; justify-content: space-between }
.facts dt { color: var(--quiet); font-size: .9rem }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; min-width: 0 }
.scopes { list-style: none; padding: 0; margin: 0 0 1rem; border: 1px solid var(--line); border-radius: 10px }
.scopes li + li { border-top: 1px solid var(--line) }
.scopes label { display: flex; gap: .75rem; align-items: baseline; padding: .75rem 1rem; margin: 0; font-weight: 400; cursor: pointer }
.scopes input { accent-color: var(--accent); width: 1.1rem; height: 1.1rem; flex: none; translate: 0 .15rem }
.consent .scopes label { padding: .5rem .9rem }
.consent .scopes, .consent .facts { margin-bottom: .7rem }
.consent p { margin-bottom: .6rem }
.consent .facts { padding: .6rem .9rem; gap: .25rem }
.consent .choice { margin: 1rem 0 .8rem }
details .facts { margin: .3rem 0 .6rem; font-size: .85rem }
.apps { list-style: none; margin: .8rem 0 0; padding: 0; display: grid; gap: .9rem }
.app { border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem; display: flex; gap: 1rem;
  justify-content: space-between; align-items: flex-start; flex-wrap: wrap }
.app > div { flex: 1 1 16rem; min-width: 0 }
.app > .row { flex: 0 1 auto }
.app details { font-size: .92rem }
.app summary { padding: 0 }
.app details form { margin-top: .6rem }
.app .quiet:not(:last-child) { margin-bottom: .3rem }
.app .parts { list-style: none; flex: 1 1 100%; margin: 0; padding: 0 }
.parts li { display: flex; flex-wrap: wrap; gap: .4rem 1rem; justify-content: space-between; align-items: center;
  border-top: 1px solid var(--line); padding: .6rem 0 }
.parts li:last-child { padding-bottom: 0 }
.parts li > span { flex: 1 1 14rem; min-width: 0; overflow-wrap: anywhere }
.parts .quiet { display: block }
section > h3 { margin-top: 1.4rem }
.apps + form { margin-top: 1.4rem }
.apps + details, .apps + p { margin-top: 1rem }
.app ul { margin: .35rem 0 .5rem; padding-left: 1.1rem }
.search { display: grid; grid-template-columns: 1fr auto; gap: 0 .6rem; align-items: start }
.search label { grid-column: 1 / -1 }
.row + p, .activity + p { margin-top: 1rem }
nav + section { margin-top: 1.2rem }
[aria-current=page] { background: var(--tint) }
.head { display: flex; justify-content: space-between; gap: .5rem 1rem; flex-wrap: wrap; align-items: center }
.row { display: flex; gap: .6rem; flex-wrap: wrap }
.methods { display: grid; gap: .9rem; margin-top: 1.2rem }
.methods > :has(label) + div, .methods > div + :has(label) { border-top: 1px solid var(--line); padding-top: 1.25rem; margin-top: .4rem }
.methods button, .methods .button { width: 100%; text-align: center }
.methods .button { display: flex; align-items: center; justify-content: center }
.methods svg { margin-right: .6rem; vertical-align: -.25rem; flex: none }
.methods .search button { width: auto }
.search:has(> button[hidden]) { grid-template-columns: 1fr }
.methods + details { border-top: 1px solid var(--line); margin-top: 1.3rem; padding-top: .6rem }
.methods button + .quiet { margin: .5rem 0 0 }
main > form + form { margin-top: 1rem }
button.link { border: 0; padding: 0; min-height: 0; font: inherit; font-weight: 400; text-decoration: underline }
.activity { list-style: none; margin: 0; padding: 0 }
.activity li { display: flex; justify-content: space-between; gap: 0 1rem; flex-wrap: wrap; padding: .45rem 0 }
.activity li > span:first-child { min-width: 0; overflow-wrap: anywhere }
summary { cursor: pointer; padding: .45rem 0; font-weight: 600 }
.copyable { position: relative }
.copyable pre { padding-right: 5.5rem }
.copyable button { position: absolute; top: .45rem; right: .45rem; min-height: 2rem; padding: .15rem .7rem; background: var(--card) }
.ways { border-top: 1px solid var(--line); margin-top: 1.4rem }
.ways + .notice { margin-top: 1.2rem }
.ways details { border-bottom: 1px solid var(--line) }
.ways summary { padding: .8rem .2rem; font-weight: 600; cursor: pointer }
.ways details[open] { padding-bottom: .9rem }
[hidden] { display: none }
.empty { border: 1px dashed var(--line); border-radius: 12px; padding: 1.5rem; text-align: center; color: var(--quiet) }
@media (prefers-reduced-motion: no-preference) { button { transition: filter .15s } }
${THEME.css}`
