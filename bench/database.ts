// A D1 database for workerd, in the memory of this process, as storage.ts is a KV store: workerd's own binding sends each
// query over HTTP.
import { DatabaseSync } from 'node:sqlite'

interface Query {
  readonly sql: string
  readonly params?: readonly (string | number | null)[]
}

export class Database {
  readonly #database = new DatabaseSync(':memory:')
  #changes = 0

  /** @param body a query, or some of them, in JSON. Returns what D1 answers to `resultsFormat=ROWS_AND_COLUMNS`. */
  answer(body: string): string {
    const asked = JSON.parse(body) as Query | readonly Query[]
    try {
      return JSON.stringify([asked].flat().map((query) => this.#run(query)))
    } catch (error) {
      return JSON.stringify({ success: false, error: String(error) })
    }
  }

  #run({ sql, params = [] }: Query): object {
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    const rows = statement.all(...params)
    const columns = statement.columns().map(({ name }) => name)
    return { success: true, results: { columns, rows }, meta: this.#meta() }
  }

  #meta(): object {
    const counted = this.#database
      .prepare('SELECT total_changes() AS total, last_insert_rowid() AS row')
      .get()
    const { total, row } = counted as { total: number; row: number }
    const changes = total - this.#changes
    this.#changes = total
    return {
      duration: 0,
      changes,
      last_row_id: row,
      changed_db: changes > 0,
      rows_read: 0,
      rows_written: changes,
    }
  }
}
