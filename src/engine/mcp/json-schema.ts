// The JSON Schemas of tools, made once per isolate: a server lives for one request, and asks for them in each.
import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'

type Convert = StandardSchemaWithJSON['~standard']['jsonSchema']['input']

/** The same schema, which is turned into JSON Schema only when that is first asked for. */
export function withJsonSchemaOnce(schema: StandardSchemaWithJSON): StandardSchemaWithJSON {
  const standard = schema['~standard']
  const { input, output } = standard.jsonSchema
  return { '~standard': { ...standard, jsonSchema: { input: once(input), output: once(output) } } }
}

/** A schema as `tools/list` has it: of an object, in the dialect of the protocol. */
export function jsonSchemaOf(schema: StandardSchemaWithJSON, side: 'input' | 'output'): { type: 'object' } {
  return { type: 'object', ...schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' }) } as {
    type: 'object'
  }
}

function once(convert: Convert): Convert {
  const made = new Map<string, ReturnType<Convert>>()
  return (options) => {
    const schema = made.get(options.target) ?? convert(options)
    made.set(options.target, schema)
    return schema
  }
}
