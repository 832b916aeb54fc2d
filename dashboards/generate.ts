/**
 * `npm run generate:dashboards`: writes the dashboard and the alert rules.
 * With `-- --schema S --currency C --out D` for tables elsewhere: into folder D, the checked-in files stay.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { DEFAULTS, generatedFiles } from './files';

const { values } = parseArgs({
	options: {
		schema: { type: 'string', default: DEFAULTS.schema },
		currency: { type: 'string', default: DEFAULTS.currency },
		out: { type: 'string', default: join(__dirname, '..') },
	},
});

for (const { path, text } of generatedFiles(values)) {
	const file = join(values.out, path);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, text);
	process.stdout.write(`${file}\n`);
}
