// A text, some bytes, a template, and one that can be subscribed to.
import { defineResource, type Resource } from '#engine/mcp/define-resource.ts'
import { PNG } from './media.ts'

const fixture = { title: 'A fixture', description: 'A fixture of the conformance suite.' }

export const resources: readonly Resource[] = [
  text('test://static-text', 'This is the content of the static text resource.'),
  text('test://watched-resource', 'This resource never changes.'),
  defineResource({
    name: 'test-binary',
    ...fixture,
    uri: 'test://static-binary',
    mimeType: 'image/png',
    handler: () => ({ contents: [{ uri: 'test://static-binary', mimeType: 'image/png', blob: PNG }] }),
  }),
  defineResource({
    name: 'test-template',
    ...fixture,
    uri: 'test://template/{id}/data',
    mimeType: 'application/json',
    handler: ({ id }) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
  }),
]

function text(uri: string, content: string): Resource {
  return defineResource({ name: uri, ...fixture, uri, mimeType: 'text/plain', handler: () => content })
}
