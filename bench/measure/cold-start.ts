// From nothing to the first answer: what there is to load, to evaluate, and to do at first.
import { type Build, build, empty, ours, peer, type Size, sizeOf, twin } from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { Connection } from '../load.ts'
import { temporary } from '../place.ts'
import type { Section } from '../report.ts'
import { median, ratio, show } from '../statistics.ts'
import { Workerd } from '../workerd.ts'

const ROUNDS = 11

interface Started {
  /** Milliseconds of CPU until it listens. */
  readonly evaluated: number
  /** Milliseconds of CPU for the first authenticated tools/call. */
  readonly first: number
}

export async function measureColdStart(): Promise<Section> {
  return withContenders({ empty, twin, ours, peer }, async (contenders) => {
    const started = { empty: [], twin: [], ours: [], peer: [] } as Record<keyof typeof contenders, Started[]>
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, one] of Object.entries(contenders)) {
        started[name as keyof typeof started].push(await startAnew(one))
      }
    }
    const beyondEmpty = (name: keyof typeof started) => {
      const [own, none] = [started[name], started.empty]
      return {
        evaluated: own.map(({ evaluated }, round) => evaluated - (none[round] as Started).evaluated),
        first: own.map(({ first }) => first),
      }
    }
    const sizes = { twin: await sizesOf(twin), ours: await sizesOf(ours), peer: await sizesOf(peer) }
    const row = (title: string, name: keyof typeof sizes) => {
      const { evaluated, first } = beyondEmpty(name)
      const { raw, minified } = sizes[name]
      const bytes = [raw.plain, raw.gzip, minified.gzip].map((size) => size.toFixed(1))
      return [title, ...bytes, median(evaluated).toFixed(1), median(first).toFixed(1)]
    }
    const [own, theirs] = [beyondEmpty('ours'), beyondEmpty('peer')]
    const evaluated = ratio(own.evaluated, theirs.evaluated)
    const first = ratio(own.first, theirs.first)
    return {
      title: 'Cold start',
      tables: [
        {
          columns: [
            '',
            'raw KiB',
            'gzip KiB',
            'minified gzip KiB',
            'evaluation, ms CPU',
            'first call, ms CPU',
          ],
          rows: [row('twin', 'twin'), row('Gatehouse', 'ours'), row('peer', 'peer')],
        },
      ],
      goals: [
        {
          rule: 'smaller than the peer',
          reached: sizes.ours.minified.gzip < sizes.peer.minified.gzip,
          measured: `${sizes.ours.minified.gzip.toFixed(1)} against ${sizes.peer.minified.gzip.toFixed(1)} KiB`,
        },
        {
          rule: 'evaluated no later than the peer',
          reached: evaluated.median <= 1.1,
          measured: `${show(evaluated)} ×`,
        },
        {
          rule: 'first call no later than the peer’s',
          reached: first.median <= 1.1,
          measured: `${show(first)} ×`,
        },
      ],
    }
  })
}

async function startAnew({ program, token, call }: Contender): Promise<Started> {
  const workerd = await Workerd.start(program)
  const connection = new Connection(workerd.port)
  try {
    const evaluated = workerd.cpu()
    await connection.send(call.call({ token } as Contender, 'whoami'))
    return { evaluated: evaluated / 1000, first: (workerd.cpu() - evaluated) / 1000 }
  } finally {
    connection.close()
    await workerd.stop()
  }
}

async function sizesOf(what: Build): Promise<{ raw: Size; minified: Size }> {
  return {
    raw: sizeOf(await build(what, temporary, { minify: false })),
    minified: sizeOf(await build(what, temporary)),
  }
}
