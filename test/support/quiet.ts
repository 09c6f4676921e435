// What a green run does not print: what is expected, and says nothing about what is tested.

/** Faults that tests inject. The runtime reports each of them as uncaught where it passes from one object to another. */
const INJECTED = [
  'storage is down',
  'KV is down',
  'overloaded',
  'The account is away\\.',
  'This account was erased\\.',
  'Upstream answered \\d+ without a token\\.',
  'Network connection lost\\.',
  'password=hunter2',
  'db://root:hunter2@10\\.0\\.0\\.1',
].join('|')

const EXPECTED = [
  new RegExp(
    `uncaught exception; source = Uncaught \\(in promise\\); stack = Error: (?:${INJECTED})\\n(?: {4}at .*\\n)*`,
    'g',
  ),
  // The same, where the runtime has no stack of ours.
  new RegExp(
    `uncaught exception; exception = workerd/jsg/[\\w.]+:\\d+: failed: jsg\\.Error: (?:${INJECTED})\n(?:stack: .*\n)*`,
    'g',
  ),
  // Media types that tests send or download on purpose.
  /console warning; message = Called \.text\(\) on an HTTP body .* Content-Type is "application\/(?:jsonx|jwt|jsonl[^"]*)"\..*\n/g,
  // Packages that were published without their sources.
  /.*Sourcemap for ".*\/node_modules\/.*" points to missing source files.*\n/g,
]

/** Takes that out of what this process prints, and nothing else. */
export function hideExpected(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
    // Vitest may write several reports at a time.
    stream.write = (chunk: unknown, ...others: unknown[]) =>
      write(typeof chunk === 'string' ? quiet(chunk) : chunk, ...others)
  }
}

function quiet(text: string): string {
  return EXPECTED.reduce((left, expected) => left.replace(expected, ''), text)
}
