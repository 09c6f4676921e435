import { expect, it } from 'vitest'
import { fuzz } from '../fuzz/fuzz.ts'

it('W2 answers every mutated request, without a 5xx, a hang or an unexpected error', async () => {
  const { failures, statuses } = await fuzz(4000, 20260728)
  expect(failures).toEqual([])
  // The requests reached the code behind the doors, not only the doors.
  for (const status of ['200', '303', '400', '401', '403', '404', '405'])
    expect(statuses[status]).toBeGreaterThan(0)
})
