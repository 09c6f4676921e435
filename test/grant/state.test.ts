// Properties of the pure core: whatever arrives, in whatever order and however late, these hold.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  Code,
  GrantEvent,
  GrantRecord,
  GrantState,
  Outcome,
  RedeemEvent,
  RefreshEvent,
} from '#engine/oauth/grants/grant.ts'
import { GRACE_MS, isLive, openedGrant, step } from '#engine/oauth/grants/state.ts'
import type { Admission } from '#engine/people/identity.ts'

const START = 1_800_000_000_000
const DAY = 24 * 3_600_000
const record: GrantRecord = {
  id: 'grant',
  issuer: 'https://as.example',
  userId: 'user',
  identity: {
    method: 'acme',
    issuer: 'https://acme.test',
    subject: 'user',
    name: 'User',
    knownAs: ['acme:user'],
  },
  clientId: 'client',
  clientName: 'Client',
  scopes: ['notes:read', 'notes:write'],
  resource: 'https://as.example/mcp',
  createdAt: START,
  expiresAt: START + 90 * DAY,
}
const EVERYBODY: Admission = { allowedUsers: ['*'], owner: undefined, ownerId: 'owner' }
const code: Code = {
  hash: 'code',
  redirectUri: 'https://client.example/cb',
  codeChallenge: 'challenge',
  expiresAt: START + 60_000,
}
const redeem: RedeemEvent = {
  type: 'redeem',
  issuer: record.issuer,
  clientId: record.clientId,
  codeHash: code.hash,
  redirectUri: code.redirectUri,
  codeChallenge: code.codeChallenge,
  resources: [record.resource],
  refreshTokenHash: 'token 0',
}

/** A grant and the storage of spent hashes around it, as object.ts keeps them; tokens are numbered as issued. */
class Model {
  state: GrantState = openedGrant(record, code)
  now = START
  issued = 0
  redemptions = 0
  readonly spent = new Set<string>()

  /** Which token leads to which: salt n leads from token n to token n + 1. */
  refresh(token: number, changes: Partial<RefreshEvent> = {}) {
    const presented = `token ${token}`
    const event: RefreshEvent = {
      type: 'refresh',
      issuer: record.issuer,
      clientId: record.clientId,
      tokenHash: presented,
      spent: this.spent.has(presented),
      resources: [],
      scopes: undefined,
      salt: `salt ${token}`,
      successorHash: `token ${token + 1}`,
      place: '',
      admission: EVERYBODY,
      ...changes,
    }
    const outcome = this.#apply(event)
    if (outcome.kind === 'rotated') this.issued = Math.max(this.issued, token + 1)
    return outcome
  }

  redeem(changes: Partial<RedeemEvent> = {}) {
    const outcome = this.#apply({ ...redeem, ...changes })
    if (outcome.kind === 'redeemed') this.redemptions++
    return outcome
  }

  confirm(generation: number) {
    this.#apply({ type: 'confirm', generation })
  }

  revoke() {
    this.#apply({ type: 'revoke', reason: 'revoked_by_user' })
  }

  /** Time alone. */
  wake() {
    this.#apply({ type: 'wake' })
  }

  /** Keeps the hashes that step() returns, as object.ts does. */
  #apply<E extends GrantEvent>(event: E): Outcome<E> {
    const [state, outcome, spentHashes] = step(this.state, event, this.now)
    this.state = state
    for (const hash of spentHashes) this.spent.add(hash)
    return outcome
  }
}

type Action = (model: Model) => void
const wrongRedeem = fc.constantFrom<Partial<RedeemEvent>>(
  { codeHash: 'other' },
  { clientId: 'other' },
  { issuer: 'https://other.example' },
  { redirectUri: 'https://other.example' },
  { codeChallenge: 'other' },
  { codeChallenge: undefined },
  { resources: ['https://other.example/mcp'] },
)
const wrongRefresh = fc.constantFrom<Partial<RefreshEvent>>(
  { tokenHash: 'random', spent: false },
  { clientId: 'other' },
  { issuer: 'https://other.example' },
)
const token = fc.nat({ max: 8 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Action>((model) => void model.redeem()) },
  {
    weight: 6,
    arbitrary: token.map<Action>((n) => (model) => void model.refresh(Math.min(n, model.issued))),
  },
  { weight: 2, arbitrary: wrongRedeem.map<Action>((wrong) => (model) => void model.redeem(wrong)) },
  {
    weight: 2,
    arbitrary: fc.tuple(token, wrongRefresh).map<Action>(
      ([n, wrong]) =>
        (model) =>
          void model.refresh(Math.min(n, model.issued), wrong),
    ),
  },
  { weight: 3, arbitrary: token.map<Action>((n) => (model) => model.confirm(n)) },
  { weight: 1, arbitrary: fc.constant<Action>((model) => model.revoke()) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(1, 5_000, 30_000, GRACE_MS, GRACE_MS + 1, 3_600_000, DAY, 31 * DAY)
      .map<Action>((ms) => (model) => {
        model.now += ms
      }),
  },
)
const history = fc.array(action, { maxLength: 60 })

function play(actions: readonly Action[], model = new Model()): Model {
  for (const act of actions) act(model)
  return model
}

/** After a history that begins with a redemption; `confirm` and time only, so that the grant is live. */
function redeemed(): Model {
  const model = new Model()
  model.redeem()
  return model
}

describe('the grant core, whatever happens', () => {
  it('redeems a code at most once', () => {
    return fc.assert(
      fc.property(history, (actions) => play(actions).redemptions <= 1),
      { numRuns: 2000 },
    )
  })

  it('never answers with tokens once it is revoked', () => {
    const afterwards = fc.array(action, { maxLength: 20 })
    return fc.assert(
      fc.property(history, afterwards, token, (before, later, n) => {
        const model = play(before)
        model.revoke()
        play(later, model)
        const kinds = [model.refresh(Math.min(n, model.issued)).kind, model.redeem().kind]
        return !isLive(model.state, model.now) && kinds.every((kind) => kind === 'refused')
      }),
      { numRuns: 2000 },
    )
  })

  it('answers every parallel refresh of one token with the same current token, and that token works', () => {
    return fc.assert(
      fc.property(
        fc.nat({ max: 5 }),
        fc.array(fc.nat({ max: GRACE_MS / 50 }), { maxLength: 49 }),
        (depth, delays) => {
          const model = redeemed()
          for (let n = 0; n < depth; n++) {
            model.refresh(n)
            model.now += 3_600_000
          }
          const first = model.refresh(depth)
          expect(first).toMatchObject({ kind: 'rotated', salts: [`salt ${depth}`] })
          for (const delay of delays) {
            model.now += delay
            const again = model.refresh(depth)
            expect(again).toMatchObject({ kind: 'forgiven', generation: depth + 1, salts: [`salt ${depth}`] })
          }
          expect(model.refresh(depth + 1).kind).toBe('rotated')
        },
      ),
    )
  })

  it('leads from any token that it forgives to the current one, by an unbroken chain of salts', () => {
    return fc.assert(
      fc.property(history, token, (actions, n) => {
        const model = redeemed()
        play(actions, model)
        const outcome = model.refresh(Math.min(n, model.issued))
        if (outcome.kind !== 'forgiven') return
        const from = Math.min(n, model.issued)
        expect(outcome.salts).toEqual(outcome.salts.map((_, index) => `salt ${from + index}`))
        expect(model.state.current?.hash).toBe(`token ${from + outcome.salts.length}`)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps no salt of a token that it would not forgive', () => {
    return fc.assert(
      fc.property(history, (actions) => {
        const model = redeemed()
        play(actions, model)
        model.wake()
        const { state } = model
        return state.superseded.every(
          ({ supersededAt }, index) =>
            model.now - supersededAt <= GRACE_MS ||
            (index === state.superseded.length - 1 && state.current?.confirmed === false),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('is not changed by a request that fails a check', () => {
    return fc.assert(
      fc.property(history, wrongRedeem, wrongRefresh, token, (actions, badCode, badToken, n) => {
        const model = play(actions)
        model.wake()
        const before = model.state
        expect(model.redeem(badCode).kind).toBe('refused')
        expect(model.refresh(Math.min(n, model.issued), badToken).kind).toBe('refused')
        expect(model.state).toEqual(before)
      }),
      { numRuns: 2000 },
    )
  })

  it('never revokes the grant of a client that presents its newest token', () => {
    // The client acts in turn: it refreshes, may lose the answer, may use its access token, may sleep for a month.
    const turn = fc.record({ lost: fc.boolean(), used: fc.boolean(), sleep: fc.nat({ max: 29 * DAY }) })
    return fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
        const model = redeemed()
        let held = 0
        for (const { lost, used, sleep } of turns) {
          model.now = Math.min(model.now + sleep, record.expiresAt - 1)
          const outcome = model.refresh(held)
          if (outcome.kind !== 'rotated' && outcome.kind !== 'forgiven')
            throw new Error(`${outcome.kind} at ${held}`)
          if (lost) continue
          held += outcome.salts.length
          if (used) model.confirm(outcome.generation)
        }
        return isLive(model.state, model.now)
      }),
      { numRuns: 2000 },
    )
  })

  it('gives no token to a client whose person was shut out, and ends', () => {
    const shutOut = fc.constantFrom<Admission>(
      { ...EVERYBODY, allowedUsers: [] },
      { ...EVERYBODY, allowedUsers: ['acme:other'] },
      // The owner now: another user than the one who approved.
      { ...EVERYBODY, owner: 'acme:user' },
    )
    return fc.assert(
      fc.property(history, token, shutOut, (actions, n, admission) => {
        const model = redeemed()
        play(actions, model)
        const { issued } = model
        const outcome = model.refresh(Math.min(n, issued), { admission })
        expect(['not_allowed', 'replayed', 'refused']).toContain(outcome.kind)
        expect(model.issued).toBe(issued)
        expect(isLive(model.state, model.now)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes a superseded token for theft once its successor is confirmed and the grace is over', () => {
    return fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), token, (rotations, n) => {
        const model = redeemed()
        for (let each = 0; each < rotations; each++) {
          model.now += 3_600_000
          model.refresh(each)
          model.confirm(each + 1)
        }
        model.now += GRACE_MS + 1
        expect(model.refresh(Math.min(n, rotations - 1)).kind).toBe('replayed')
        expect(model.refresh(rotations).kind).toBe('refused')
      }),
    )
  })
})
