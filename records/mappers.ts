// What the resolvers of the types that all subgraphs share receive as parent, by the type's name (npm run codegen).

export type { CreditFile } from './creditFile.ts';
export type { PageEnd as PageInfo } from '#kit/connection.ts';
export type { Viewer } from '#policy/viewer.ts';
export type { ProvenanceRow as Provenance } from './recordFields.ts';
export type {
  SourceCoverage,
  CollectedRecord,
  CollectedPage as CollectedRecordConnection,
  CollectedEdge as CollectedRecordEdge,
} from './coverage.ts';
export type { Coverage as CollectionCoverage } from './coverageItems.ts';
export type {
  RecordVersionNode as RecordVersion,
  RecordVersionPage as RecordVersionConnection,
  RecordVersionEdgeNode as RecordVersionEdge,
} from './history.ts';
