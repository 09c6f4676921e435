// The signatures that DPoP proofs may have (RFC 9449 §5.1): asymmetric ones alone.

export const DPOP_ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const
