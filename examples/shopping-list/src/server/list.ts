// The shopping list: one Durable Object that the whole family shares, so its name is fixed.
import { DurableObject } from 'cloudflare:workers'

// A type, not an interface: exec() needs an index signature.
export type Item = { id: number; text: string; addedBy: string | null }

const MOST_ITEMS = 500

export class ShoppingList extends DurableObject<Env> {
  get #sql(): SqlStorage {
    const { sql } = this.ctx.storage
    sql.exec(`CREATE TABLE IF NOT EXISTS items
      (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, user TEXT, name TEXT)`)
    return sql
  }

  /** Returns undefined when the list is full. An item that is there already stays as it is. */
  add(text: string, user: string, name: string): Item | undefined {
    if (this.items().length >= MOST_ITEMS) return undefined
    this.#sql.exec('INSERT OR IGNORE INTO items (text, user, name) VALUES (?, ?, ?)', text, user, name)
    return this.items().find((item) => item.text === text)
  }

  /** Returns whether the item existed. */
  tick(id: number): boolean {
    return this.#sql.exec('DELETE FROM items WHERE id = ?', id).rowsWritten > 0
  }

  items(): Item[] {
    return this.#sql.exec<Item>('SELECT id, text, name AS addedBy FROM items ORDER BY id').toArray()
  }

  /** What a user has added. */
  itemsOf(user: string): { id: number; text: string }[] {
    return this.#sql
      .exec<{ id: number; text: string }>('SELECT id, text FROM items WHERE user = ?', user)
      .toArray()
  }

  forgetUser(user: string): void {
    this.#sql.exec('UPDATE items SET user = NULL, name = NULL WHERE user = ?', user)
  }
}
