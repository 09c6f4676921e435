// Nothing at all: what a Worker costs before it does anything.
export { Notebook } from '../../src/tools/notes/notebook.ts'

export default { fetch: () => new Response('Nothing.') }
