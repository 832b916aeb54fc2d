/** Which addresses a node calls: those of its credential, whatever a job says. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { IDataObject } from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { CATALOG, comfyUiCredential, postgresCredential, startServer } from './support/fixtures';
import { runNode } from './support/harness';

let server: StandIn;
let database: TestDatabase;
let bait: Server;
let baitUrl: string;
const called: string[] = [];

beforeAll(async () => {
	server = await startServer();
	database = await createTestDatabase('addresses');
	bait = createServer((request, response) => {
		called.push(`${request.method} ${request.url}`);
		response.end('{}');
	});
	await new Promise<void>((resolve) => bait.listen(0, '127.0.0.1', resolve));
	baitUrl = `http://127.0.0.1:${(bait.address() as AddressInfo).port}`;
});
afterAll(async () => {
	await new Promise((resolve) => bait.close(resolve));
	await server.close();
	await database.close();
});

const catalog = {
	catalogSource: 'json',
	catalogJson: JSON.stringify({
		...CATALOG,
		servers: [{ name: 'bait', url: 'BAIT' }],
	}),
};

/** Every field in which somebody might look for an address. */
function job(selection: IDataObject = {}): IDataObject {
	const lure = { server: baitUrl, server_url: baitUrl, url: baitUrl, servers: [{ url: baitUrl }] };
	return {
		...lure,
		purpose: 'photo',
		prompt_id: 'p',
		job_id: 'a',
		images: [],
		selection: { ...selection, ...lure },
	};
}

describe('an address in job data', () => {
	it.each([
		['selectModel', { requestFrom: 'item' }],
		['generateImage', { requestFrom: 'item' }],
		['generateImage', { requestFrom: 'selection' }],
		['generateImage', { operation: 'resume' }],
		['planBatch', { requestFrom: 'item' }],
		['logUsage', { timing: 'comfyui', promptId: 'p' }],
	])('is not called: %s %j', async (type, parameters) => {
		const credentials = {
			...comfyUiCredential(`gpu1=${server.url}`),
			...postgresCredential(database.url),
		};
		const { outputs } = await runNode({
			type: 'selectModel',
			parameters: {
				requestFrom: 'item',
				catalogSource: 'json',
				catalogJson: JSON.stringify(CATALOG),
			},
			items: [{ json: { purpose: 'photo', job_id: 'a' } }],
			credentials,
		});
		const selection = outputs[0]?.[0]?.json.selection as IDataObject;
		expect(selection).toMatchObject({ server: 'gpu1' });
		const catalogJson = catalog.catalogJson.replace('BAIT', baitUrl);
		const result = await runNode({
			type,
			parameters: { ...catalog, catalogJson, ...parameters },
			items: [{ json: job(selection) }],
			credentials,
			onError: 'continueErrorOutput',
		});
		expect(result.outputs.flat().length + (result.error ? 1 : 0)).toBeGreaterThan(0);
		expect(called).toEqual([]);
	});
});
