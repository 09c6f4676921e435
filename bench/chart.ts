// The figures as a picture: SVG, for a light page and a dark one.
export interface Group {
  readonly title: string
  readonly unit: string
  readonly bars: readonly { readonly label: string; readonly value: number; readonly own: boolean }[]
}

const WIDTH = 760
const LABELS = 290
const ROW = 22
const HEAD = 34

export function chart(groups: readonly Group[]): string {
  const parts: string[] = []
  let y = 8
  for (const { title, unit, bars } of groups) {
    parts.push(`<text class="title" x="8" y="${y + 18}">${title}</text>`)
    y += HEAD
    const most = Math.max(...bars.map(({ value }) => value))
    for (const { label, value, own } of bars) {
      const width = Math.max((value / most) * (WIDTH - LABELS - 90), 1)
      parts.push(
        `<text x="${LABELS - 8}" y="${y + 13}" text-anchor="end">${label}</text>`,
        `<rect class="${own ? 'own' : 'other'}" x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
        `<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 13}">${value.toFixed(value < 10 ? 2 : 0)} ${unit}</text>`,
      )
      y += ROW
    }
    y += 12
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Gatehouse beside others, lower is better">
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-size: 14px; font-weight: 600 }
.own { fill: #0969da }
.other { fill: #9aa4af }
@media (prefers-color-scheme: dark) { text { fill: #9ba7b4 } .own { fill: #4493f8 } .other { fill: #656d76 } }
</style>
${parts.join('\n')}
</svg>
`
}
