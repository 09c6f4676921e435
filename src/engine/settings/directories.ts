// The proofs of directories.
import { SettingsError } from './setting.ts'

export interface DirectoryProofs {
  /** The token that OpenAI shows when you submit an app. */
  readonly openaiAppsChallenge: string | undefined
  /** The public key of your account at the MCP registry, in the registry's form. */
  readonly mcpRegistryAuth: string | undefined
}

/** @throws SettingsError */
export function readProofs({ OPENAI_APPS_CHALLENGE, MCP_REGISTRY_AUTH }: Env): DirectoryProofs {
  return {
    openaiAppsChallenge: read(
      OPENAI_APPS_CHALLENGE,
      /^[\x21-\x7e]+$/,
      'OPENAI_APPS_CHALLENGE must be the text that OpenAI shows, without spaces.',
    ),
    mcpRegistryAuth: read(
      MCP_REGISTRY_AUTH,
      /^v=MCPv1; k=[a-z\d]+; p=[A-Za-z\d+/]+=*$/,
      'MCP_REGISTRY_AUTH must have the form "v=MCPv1; k=ed25519; p=<public key in base64>".',
    ),
  }
}

function read(value: string | undefined, form: RegExp, mistake: string): string | undefined {
  if (!value) return undefined
  if (!form.test(value)) throw new SettingsError(mistake)
  return value
}
