// Personal access tokens: tokens that users make for their scripts. Without this part the server makes and takes none. An
// account still exports and deletes those that it has: people/personal-tokens.ts.
import type { Part } from '../oauth/part.ts'
import { tokenPages, tokensSection } from './routes.ts'
import { verifyPersonalToken } from './verify.ts'

/** Lets users make tokens for scripts on their account page. `PERSONAL_TOKENS` switches it off for a deployment. */
export const personalTokens: Part = {
  pages: tokenPages,
  accountSection: tokensSection,
  bearer: verifyPersonalToken,
}
