// HTTP routes of your own, such as a download or a webhook. docs/server.md#add-a-route has a sample.
import { Hono } from '#engine/http/hono.ts'

export const routes = new Hono<{ Bindings: Env }>()
