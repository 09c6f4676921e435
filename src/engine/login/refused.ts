/** The person could not be signed in; the message tells them why. They get the sign-in page again. */
export class LoginRefused extends Error {
  readonly status: number
  readonly retryAfter: number | undefined

  /** @param retryAfter seconds to wait, for one who has tried too often. */
  constructor(message: string, retryAfter?: number) {
    super(message)
    this.status = retryAfter === undefined ? 403 : 429
    this.retryAfter = retryAfter
  }
}

/** The server cannot identify the user at the moment, or cannot apply the rules. */
export class LoginUnavailable extends LoginRefused {
  override readonly status = 503
}
