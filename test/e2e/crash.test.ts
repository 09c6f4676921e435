import { expect, it } from 'vitest'
import { crashStorm } from '../crash/storm.ts'

it('T9 nothing acknowledged is lost, and nothing decided is decided again, when the server is killed', async () => {
  const report = await crashStorm(4)
  expect(report.broken).toEqual([])
  // The storm was one.
  expect(report.redemptions).toBeGreaterThan(0)
  expect(report.refreshes).toBeGreaterThan(0)
  expect(report.lost).toBeGreaterThan(0)
})
