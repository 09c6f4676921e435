// What the pages of a person and of the owner say of a list of apps that is too long for one page.
import type { ConnectedApp } from './account.tsx'
import type { Part } from './part.tsx'

/** A page of apps. */
export interface Apps extends Part<ConnectedApp> {
  /** How many apps the person has. */
  readonly total: number
  /** How many approvals these have. */
  readonly approvals: number
  /** Whether this page read each of these. */
  readonly isWhole: boolean
}

/** How much there is; nothing where the page shows all of it. */
export function howMany({ total, approvals, isWhole }: Apps) {
  return (
    !isWhole && (
      <p class="quiet">
        {total.toLocaleString('en')} {total === 1 ? 'app' : 'apps'}, with {approvals.toLocaleString('en')}{' '}
        approvals in all. The page shows what the newest of them permit.
      </p>
    )
  )
}
