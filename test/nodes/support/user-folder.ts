/** n8n's user folder of this test file: the managed catalog and n8n's own settings go there, not to the home folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

export const USER_FOLDER = mkdtempSync(join(tmpdir(), 'comfyui-router-nodes-'));
process.env.N8N_USER_FOLDER = USER_FOLDER;
// where nodes may read files from
process.env.N8N_RESTRICT_FILE_ACCESS_TO = USER_FOLDER;
afterAll(() => rmSync(USER_FOLDER, { recursive: true, force: true }));
