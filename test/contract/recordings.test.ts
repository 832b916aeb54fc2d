/** Holds the stand-in's answers to those of real servers, recording by recording. */
import { afterEach, describe, expect, it } from 'vitest';

import { CASES, NOT_COVERED } from './cases';
import { Environment } from './environment';
import { type Recording, isBinary, recording, recordingNames } from './recordings';
import { shapeProblems } from './shape';

/** First bytes that tell a file's kind. */
const MAGIC_HEX_DIGITS = 8;

let environment: Environment | null = null;
afterEach(async () => {
	await environment?.close();
	environment = null;
});

const names = recordingNames().filter((name) => !name.startsWith('ws_'));

async function checkBody(recorded: Recording, response: Response, name: string): Promise<void> {
	const bytes = Buffer.from(await response.arrayBuffer());
	if (isBinary(recorded.body)) {
		if (recorded.body._binary_bytes === 0) expect(bytes).toHaveLength(0);
		const magic = recorded.body._head_hex.slice(0, MAGIC_HEX_DIGITS);
		expect(bytes.toString('hex').slice(0, magic.length)).toBe(magic);
		return;
	}
	if (typeof recorded.body === 'string') {
		expect(bytes.toString('utf8')).toBe(recorded.body);
		return;
	}
	const body: unknown = JSON.parse(bytes.toString('utf8'));
	if (name.startsWith('object_info_')) expect(body).toEqual(recorded.body);
	expect(shapeProblems(recorded.body, body, CASES[name]?.compare)).toEqual([]);
}

describe('the stand-in answers as the recorded ComfyUI did', () => {
	it.each(names.filter((name) => !(name in NOT_COVERED)))('%s', async (name) => {
		const recorded = recording(name);
		const contract = CASES[name] ?? {};
		environment = await Environment.start(contract.options);
		await contract.before?.(environment);
		const response = await environment.replay(recorded.request, contract.body);
		expect(response.status).toBe(recorded.status);
		expect(response.headers.get('content-type')).toBe(recorded.headers['Content-Type'] ?? null);
		await checkBody(recorded, response, name);
	});

	it('names no recording that does not exist', () => {
		const unknown = [...Object.keys(CASES), ...Object.keys(NOT_COVERED)].filter(
			(name) => !names.includes(name),
		);
		expect(unknown).toEqual([]);
	});
});
