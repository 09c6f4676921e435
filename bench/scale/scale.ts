// `npm run bench -- scale`: what a million grants cost, what breaks first, and at which number. It measures nothing: it
// multiplies the counted operations of docs/cost.md, so any machine says the same.
import { readFileSync, writeFileSync } from 'node:fs'
import { LIFETIME } from '../../test/fixture/src/config.ts'
import { type Goal, markdown, type Section, type Table } from '../report.ts'
import { type Cost, readCosts, type Step } from './costs.ts'
import { copyWrites, hourOf, queueAt, requestsTo, revocationDelays } from './launch.ts'
import { OBJECT_GIGABYTES, OBJECT_REQUESTS_A_SECOND, PAID_PLAN, PRICES } from './platform.ts'
import { LOAD, type Load, mapValues, ratesOf } from './traffic.ts'

const DAY = 24 * 3600
const MONTH = 30 * DAY
const GIGABYTE = 1e9

/** What is assumed of people, and printed with the result. */
const ASSUMED = {
  /** Each person opens their account page so often. */
  viewsAMonth: 4,
  /** This part of all grants is revoked before it is over. */
  revoked: 0.1,
  /** No user ever approves this part of all registrations. */
  abandoned: 0.5,
  /** A request takes so much CPU: about twice what a call took where docs/performance.md was measured. */
  cpuMs: 1,
  /** For which an object counts as active after a request. */
  objectMs: 10,
} as const

/**
 * Bytes, as `databaseSize` of each object said in workerd: of a grant after five refreshes, of an account with ten apps, of
 * a client. And of the two records in KV, with names and metadata.
 */
const BYTES = { grantObject: 16_384, accountObject: 61_440, clientObject: 20_480, records: 1_140 }
/** So many ids SeenObject took in workerd before it was full. */
const SEEN_IDS = 286_000

/** How often each step happens in a month. */
type Month = Readonly<Record<Step, number>>

export function scale({ write }: { write: boolean }): void {
  const costs = readCosts()
  const month = monthOf(LOAD)
  const section = {
    title: `${LOAD.grants.toLocaleString('en')} grants of ${LOAD.people.toLocaleString('en')} people, ${LOAD.callsASecond.toLocaleString('en')} calls a second`,
    tables: [stepTable(month), billTable(bill(month, costs)), sharedTable(month, costs)],
    goals: goalsOf(month, costs),
    drawn: [],
  } satisfies Section
  console.log(markdown(section))
  if (write) writeInto('docs/cost.md', markdown(section))
}

function writeInto(page: string, text: string): void {
  const place = /(<!-- scale -->\n)[\s\S]*?(<!-- end -->)/
  const before = readFileSync(page, 'utf8')
  writeFileSync(
    page,
    before.replace(place, (_, begin, end) => `${begin}\n${text}\n\n${end}`),
  )
}

function monthOf(load: Load): Month {
  const { call, callAfterMinute, firstCall, refresh } = mapValues(ratesOf(load), (rate) => rate * MONTH)
  const connected = (load.grants * MONTH) / LIFETIME.grant
  const once = { register: connected, signIn: connected, approve: connected, exchange: connected }
  const revoke = connected * ASSUMED.revoked
  const strangers = (connected * ASSUMED.abandoned) / (1 - ASSUMED.abandoned)
  const account = load.people * ASSUMED.viewsAMonth
  return {
    ...once,
    call,
    callAfterMinute,
    firstCall,
    refresh,
    account,
    revoke,
    strangers,
    expire: connected - revoke,
  }
}

type Bill = Record<keyof typeof PRICES, number>

function bill(month: Month, costs: Readonly<Record<Step, Cost>>): Bill {
  const sum = (name: keyof Cost) =>
    Object.entries(month).reduce((total, [step, times]) => total + times * costs[step as Step][name], 0)
  const { grants, people } = LOAD
  const clients = grants
  const objects = grants * BYTES.grantObject + people * BYTES.accountObject + clients * BYTES.clientObject
  const objectRequests = sum('objectRequests')
  return {
    requests: sum('requests'),
    kvReads: sum('kvReads'),
    kvWrites: sum('kvWrites'),
    kvDeletes: sum('kvDeletes'),
    objectRequests,
    rows: sum('rows'),
    cpuMs: sum('requests') * ASSUMED.cpuMs,
    gigabyteSeconds: objectRequests * (ASSUMED.objectMs / 1000) * OBJECT_GIGABYTES,
    kvGigabytes: (grants * BYTES.records) / GIGABYTE,
    objectGigabytes: objects / GIGABYTE,
  }
}

function stepTable(month: Month): Table {
  const shown = {
    call: 'calls that ask for nothing',
    callAfterMinute: 'calls that ask KV for a revocation',
    firstCall: 'calls with a new access token',
    refresh: 'refreshes',
    signIn: 'sign-ins, each with a new app and an approval',
    strangers: 'registrations that nothing follows',
    account: 'views of an account page',
    revoke: 'revocations',
  } as const
  return {
    columns: ['what happens', 'a second', 'a month, millions'],
    rows: Object.entries(shown).map(([step, text]) => {
      const times = month[step as Step]
      return [text, digits(times / MONTH), digits(times / 1e6)]
    }),
  }
}

function billTable(used: Bill): Table {
  const lines = Object.entries(PRICES).map(([name, price]) => {
    const amount = used[name as keyof Bill]
    const isStorage = price.what.endsWith(', GB')
    const aDay = isStorage ? amount : amount / 30
    const dollars = Math.max(0, amount - price.included) * price.each
    return { what: price.what, amount, dollars, enoughFor: (LOAD.grants * price.free) / aDay, isStorage }
  })
  const total = lines.reduce((sum, { dollars }) => sum + dollars, PAID_PLAN)
  const rows = lines.map(({ what, amount, dollars, enoughFor, isStorage }) => [
    what,
    isStorage ? digits(amount) : `${digits(amount / 1e6)} M`,
    `$${dollars.toFixed(0)}`,
    Number.isFinite(enoughFor) ? digits(enoughFor) : 'any',
  ])
  return {
    columns: ['billed', 'a month', 'paid plan', 'free plan is enough for so many such grants'],
    rows: [...rows, ['the plan, and all of it', '', `$${total.toFixed(0)}`, '']],
  }
}

interface Shared {
  readonly what: string
  /** Requests a second, over a month. */
  readonly usual: number
  /** In the worst hour. */
  readonly hour: { readonly perSecond: number; readonly longest: number; readonly longestMs: number }
  readonly breaksAt: string
}

function sharedObjects(month: Month, costs: Readonly<Record<Step, Cost>>): readonly Shared[] {
  const hour = hourOf(LOAD)
  const usual = (requests: (step: Step) => number) =>
    Object.entries(month).reduce((sum, [step, times]) => sum + times * requests(step as Step), 0) / MONTH
  const shared = (what: string, requests: (step: Step) => number, of: 'all' | 'launch' = 'all'): Shared => {
    const queue = queueAt(hour, requests)
    const perSecond = (queue.each * LOAD.people) / 3600
    return {
      what,
      usual: of === 'all' ? usual(requests) : (queue.each * month.signIn) / MONTH,
      hour: { ...queue, perSecond },
      breaksAt: `${digits(OBJECT_REQUESTS_A_SECOND / queue.each)} sign-ins a second`,
    }
  }
  const alerts = (step: Step) => (step === 'approve' || step === 'revoke' ? 1 : 0)
  const tokens = (step: Step) => (step === 'exchange' || step === 'refresh' ? 1 : 0)
  const tokenRequests = usual(tokens)
  return [
    shared('the audit object', requestsTo(costs, 'audit')),
    shared('the directory', requestsTo(costs, 'directory')),
    shared('the alert object, with DAILY_KV_WRITES', alerts),
    shared('the client object, of one app that all use', requestsTo(costs, 'client'), 'launch'),
    {
      ...shared('the object of seen ids, of one app that all use and that signs (`private_key_jwt`)', tokens),
      breaksAt: `${digits(OBJECT_REQUESTS_A_SECOND / tokenRequests)} × these grants`,
    },
  ]
}

function sharedTable(month: Month, costs: Readonly<Record<Step, Cost>>): Table {
  return {
    columns: [
      'what all share',
      'requests a second',
      'all people in one hour',
      'longest queue',
      'longest wait, ms',
      'an object’s 1,000 a second are reached at',
    ],
    rows: sharedObjects(month, costs).map(({ what, usual, hour, breaksAt }) => [
      what,
      digits(usual),
      digits(hour.perSecond),
      String(hour.longest),
      hour.longestMs.toFixed(0),
      breaksAt,
    ]),
  }
}

function goalsOf(month: Month, costs: Readonly<Record<Step, Cost>>): Goal[] {
  const objects = sharedObjects(month, costs)
  const busiest = Math.max(...objects.map(({ usual, hour }) => Math.max(usual, hour.perSecond)))
  const delays = revocationDelays(60)
  const copies = copyWrites(hourOf(LOAD), LOAD, 300)
  const tokenRequests = (month.refresh + month.exchange) / MONTH
  const [short, long] = [60, 600].map((seconds) => tokenRequests * (seconds + 120 + 60))
  return [
    {
      rule: 'what all share gets at most half of what an object answers, also in the worst hour',
      reached: busiest <= OBJECT_REQUESTS_A_SECOND / 2,
      measured: `${digits(busiest)} of ${OBJECT_REQUESTS_A_SECOND.toLocaleString('en')} a second`,
    },
    {
      rule: 'a revocation is felt everywhere within two minutes, while KV takes one to tell it',
      reached: delays.longest <= 120,
      measured: `median ${delays.median.toFixed(0)} s, longest ${delays.longest.toFixed(0)} s`,
    },
    {
      rule: 'no key of KV is written twice in a second in the worst hour',
      reached: copies.refused === 0,
      measured: `the copy of the app’s document: ${copies.written} writes, ${copies.refused} more within a second of another`,
    },
    {
      rule: 'the ids of assertions fit, where one app has all grants and signs each token request',
      reached: (long as number) <= SEEN_IDS,
      measured: `${digits(short as number)} ids of assertions that last a minute, ${digits(long as number)} of ten minutes; there is room for ${SEEN_IDS.toLocaleString('en')}`,
    },
  ]
}

/** Three digits that matter. */
function digits(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}
