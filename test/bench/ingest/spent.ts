import { writeSync } from 'node:fs';

// Loaded into the CLI with --import: what its process spent, told on file descriptor 3 when it ends.

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpu: userCPUTime + systemCPUTime, peak: maxRSS * 1024 }));
});
