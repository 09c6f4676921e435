// /admin/events: what happened, filtered, and the same as a file. Below /admin, which has checked who asks.
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import { KEPT } from '../../log/events.ts'
import { eventsPage } from '../../pages/admin-events.tsx'
import type { Names } from '../overview.ts'
import { type Listed, toCsv, toJsonLines } from './download.ts'
import { everything, happened } from './list.ts'
import { readQuery, wanted } from './query.ts'

const FILES: Readonly<Record<string, { type: string; write: (rows: readonly Listed[]) => string }>> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', write: toCsv },
  jsonl: { type: 'application/jsonl; charset=utf-8', write: toJsonLines },
}

export function eventRoutes(nameOf: Names): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/', async (c) => {
    const query = readQuery(c.req.query())
    const events = await happened(c.env, nameOf, wanted(query))
    return eventsPage({ events, query, kinds: Object.keys(KEPT), reader: c.get('owner') })
  })

  for (const [ending, { type, write }] of Object.entries(FILES)) {
    app.get(`/${ending}`, async (c) => {
      const rows = await everything(c.env, wanted(readQuery(c.req.query())))
      const today = new Date().toISOString().slice(0, 10)
      return c.body(write(rows), 200, {
        'Content-Type': type,
        'Content-Disposition': `attachment; filename="events-${today}.${ending}"`,
        'Cache-Control': 'no-store',
      })
    })
  }

  return app
}
