import { memory } from '../changes/memory.ts';
import { serveBench } from '#test/bench/worker.ts';

// Loaded into a checkout's gateway with --import: says what the process has spent, and what memory it has. The gateway
// may be another commit's, so nothing of the product is imported here.

serveBench(null, memory);
