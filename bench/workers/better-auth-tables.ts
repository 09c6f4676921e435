// Makes the tables of Better Auth in D1, as its documentation does it on Workers: through an endpoint.
import { getMigrations } from 'better-auth/db/migration'
import { options } from './better-auth-options.ts'

export { Notebook } from '../../test/fixture/src/server/notebook.ts'

export default {
  async fetch(_request: Request, { DB }: { readonly DB: D1Database }): Promise<Response> {
    const { runMigrations } = await getMigrations({ ...options, database: DB })
    await runMigrations()
    return new Response('Made.')
  },
}
