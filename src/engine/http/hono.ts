// Hono with one router, which prepares nothing. The usual class brings five, and chooses among them in the first request
// of an isolate: 2.3 KiB of the bundle, for routes that are looked up in the main app alone.
import type { Env } from 'hono'
import { HonoBase } from 'hono/hono-base'
import { LinearRouter } from 'hono/router/linear-router'

export class Hono<E extends Env = Env> extends HonoBase<E> {
  constructor() {
    super()
    this.router = new LinearRouter()
  }
}
