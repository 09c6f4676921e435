// Tools whose input schema says more than the types of its fields.
import * as z from 'zod'
import { defineTool, type Tool } from '#engine/mcp/define-tool.ts'

const description = 'A fixture of the conformance suite.'
const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }

const address = z
  .object({ street: z.string().optional(), city: z.string().optional() })
  .meta({ id: 'address', $anchor: 'addressDef' })

// What zod has no words for is kept as it stands, for the client to read.
const contact = z
  .strictObject({
    name: z.string().optional(),
    address: address.optional(),
    contactMethod: z.enum(['phone', 'email']).optional(),
    phone: z.string().optional(),
    email: z.string().optional(),
  })
  .meta({
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
    then: { required: ['phone'] },
    else: { required: ['email'] },
  })

/** A client sends these two as `Mcp-Param-Region` and `Mcp-Param-Priority`, too. */
const mirrored = z.object({
  region: z.string().meta({ 'x-mcp-header': 'Region' }),
  priority: z.int().meta({ 'x-mcp-header': 'Priority' }),
})

export const schemaTools: readonly Tool[] = [
  defineTool({
    name: 'json_schema_2020_12_tool',
    title: 'json_schema_2020_12_tool',
    description: 'Tool with JSON Schema 2020-12 features',
    input: contact,
    annotations,
    handler: (input) => `The input: ${JSON.stringify(input)}`,
  }),
  defineTool({
    name: 'test_custom_headers',
    title: 'test_custom_headers',
    description,
    input: mirrored,
    annotations,
    handler: ({ region, priority }) => `Priority ${priority} in ${region}`,
  }),
]
