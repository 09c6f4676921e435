// Which test files begin first: those that take longest, which would run alone at the end. vitest goes by size on a
// machine that has never run them, and the longest are short files that start many programs.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const LONGEST =
  /\/(fork|example|deploy|deploy-interrupted|deploy-parallel|rotate|fuzz|limits|sessions|accessibility|login|machines)\.test\.ts$/

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => Number(LONGEST.test(moduleId))
    return (await super.sort(files)).toSorted((one, other) => isLong(other) - isLong(one))
  }
}
