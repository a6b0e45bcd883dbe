/**
 * The placeholder in prisma.config.ts for the embedded server, whose address only prisma/tools/schemaEngine.ts finds
 * out.
 */
export const EMBEDDED_URL = 'postgresql://embedded/postgres';
