// CPU as a multiple of one verification of an ES256 signature in the same process, and the operations beside it. A
// multiple says the same on each machine, where microseconds do not.
import { setTimeout as wait } from 'node:timers/promises'
import type { Contender } from '../contender.ts'
import { median } from '../statistics.ts'
import { showOperations } from './operations.ts'
import { cpuOf } from './rounds.ts'

/** Milliseconds after which nothing more is to be expected of a request. */
const SETTLED = 60
const VERIFICATIONS = 300

/** One kind of request; `prepare` makes what each of them needs. */
export interface Kind<T = unknown> {
  prepare?(): Promise<T>
  send(prepared: T): Promise<unknown>
  /** In each round. */
  readonly count: number
  /** 1 for what cannot be done again: then there is no warm-up. */
  readonly rounds?: number
}

export interface Units {
  /** Of the CPU of one verification. */
  readonly verifications: number
  readonly milliseconds: number
  readonly operations: string
}

/** Asks the bench's own part of the Worker. */
export async function control({ connection }: Contender, path: string): Promise<string> {
  const { status, body } = await connection.send({ path: `/bench/${path}` })
  if (status !== 200) throw new Error(`/bench/${path} answers ${status}: ${body}`)
  return body
}

/** @param rounds each beside its own verifications; the first is a warm-up */
export async function unitsOf<T>(one: Contender, kind: Kind<T>, rounds: number): Promise<Units> {
  const found: { ratio: number; milliseconds: number }[] = []
  let operations = ''
  for (let round = 0; round < rounds; round++) {
    const prepared: T[] = []
    for (let n = 0; n < kind.count; n++) prepared.push((await kind.prepare?.()) as T)
    await wait(SETTLED)
    one.storage.takeOperations()
    await control(one, 'calls')
    const used = await cpuOf(one, async () => {
      for (const each of prepared) await kind.send(each)
      await wait(SETTLED)
    })
    operations = await operationsOf(one, kind.count)
    const verified = await cpuOf(one, () => control(one, `verify?count=${VERIFICATIONS}`))
    if (round === 0 && rounds > 1) continue
    const each = used / kind.count
    found.push({ ratio: each / (verified / VERIFICATIONS), milliseconds: each / 1000 })
  }
  return {
    verifications: median(found.map(({ ratio }) => ratio)),
    milliseconds: median(found.map(({ milliseconds }) => milliseconds)),
    operations,
  }
}

async function operationsOf(one: Contender, count: number): Promise<string> {
  const calls = Number(await control(one, 'calls'))
  return showOperations({ ...one.storage.takeOperations(), calls }, count)
}
