import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../simulator/comfyui';
import { CATALOG, comfyUiCredential, startServer } from './support/fixtures';
import { type Select, selectOn } from './support/select';

let server: StandIn;
let select: Select;
beforeAll(async () => {
	server = await startServer();
	select = selectOn(server);
});
afterAll(() => server.close());

const fromItem = { requestFrom: 'item' };

describe('Select Model when something is wrong', () => {
	const mixed = [
		{ json: { purpose: 'photo', n: 1 } },
		{ json: { purpose: 'photo', n: 2, width: -5 } },
		{ json: { purpose: 'photo', n: 3 } },
	];

	it('fails with the index of the item', async () => {
		const { error } = await select(fromItem, mixed);
		expect(error?.name).toBe('NodeOperationError');
		expect(error?.message).toMatch(/width/);
		expect(error?.context?.itemIndex).toBe(1);
	});

	it('goes on with the others, and the failed item comes out with its error and its data', async () => {
		const { outputs, error } = await select(fromItem, mixed, { onError: 'continueRegularOutput' });
		expect(error).toBeUndefined();
		expect(outputs[0]?.map((item) => item.json.n)).toEqual([1, 2, 3]);
		expect(outputs[0]?.[1]?.json).toMatchObject({ n: 2, details: { code: 'REQUEST_INVALID' } });
		expect(outputs[0]?.[1]?.json.error).toMatch(/width/);
		expect(outputs[0]?.[2]?.json.model_name).toBe('parts');
	});

	it('sends the failed item to the error output with its data, its error and its pairing', async () => {
		const { outputs } = await select(fromItem, mixed, { onError: 'continueErrorOutput' });
		expect(outputs[0]?.map((item) => item.json.n)).toEqual([1, 3]);
		expect(outputs[2]).toHaveLength(1);
		expect(outputs[2]?.[0]).toMatchObject({
			json: { n: 2, details: { code: 'REQUEST_INVALID' } },
			pairedItem: { item: 1 },
		});
		expect(outputs[2]?.[0]?.json.error).toMatch(/width/);
	});

	it('fails every item when the catalog is wrong, naming each fault', async () => {
		const broken = { catalogJson: '{"version":1,"models":[{"name":""}],"typo":1}' };
		const { error } = await select(broken);
		expect(error?.description).toMatch(/typo/);
		expect(error?.description).toMatch(/models\[0\]/);
		const { outputs } = await select(broken, mixed, { onError: 'continueRegularOutput' });
		expect(
			outputs[0]?.map((item) => item.json.error).every((text) => /catalog/i.test(String(text))),
		).toBe(true);
		expect(outputs[0]?.map((item) => item.json.n)).toEqual([1, 2, 3]);
	});

	it('names the known purposes when the purpose is unknown', async () => {
		const { outputs } = await select(fromItem, [{ json: { purpose: 'phoot' } }]);
		const selection = outputs[1]?.[0]?.json.selection as { rejection: { hint: string } };
		expect(selection.rejection.hint).toMatch(/photo/);
	});

	it('rejects when no server answers, and uses the one that does', async () => {
		const closed = 'http://127.0.0.1:9';
		const none = await select({}, [{ json: {} }], {
			credentials: comfyUiCredential(`gone=${closed}`),
		});
		expect(none.outputs[1]?.[0]?.json.selection).toMatchObject({
			rejection: { code: 'UNREACHABLE' },
		});
		expect(none.hints.join()).toMatch(/gone/);
		const one = await select({}, [{ json: {} }], {
			credentials: comfyUiCredential(`gone=${closed}\ngpu1=${server.url}`),
		});
		expect(one.outputs[0]?.[0]?.json.selection).toMatchObject({ server: 'gpu1' });
	});

	it('rejects when a website answers in the place of ComfyUI, and says so', async () => {
		const website = createServer((_request, response) => {
			response.setHeader('content-type', 'text/html');
			response.end('<html>Welcome</html>');
		});
		await new Promise<void>((resolve) => website.listen(0, '127.0.0.1', resolve));
		const { port } = website.address() as AddressInfo;
		try {
			const { outputs, hints } = await select({}, [{ json: {} }], {
				credentials: comfyUiCredential(`web=http://127.0.0.1:${port}`),
			});
			expect(outputs[1]?.[0]?.json.selection).toMatchObject({ rejection: { code: 'UNREACHABLE' } });
			expect(hints.join()).toMatch(/web.*ComfyUI/);
		} finally {
			website.close();
		}
	});

	it('names the files it found when none of the catalog is installed', async () => {
		const catalogJson = JSON.stringify(CATALOG).replaceAll('.safetensors', '-other.safetensors');
		const { outputs } = await select({ catalogJson });
		const { rejection } = outputs[1]?.[0]?.json.selection as {
			rejection: { code: string; message: string; hint: string };
		};
		expect(rejection.code).toBe('NOT_INSTALLED');
		expect(`${rejection.message} ${rejection.hint}`).toMatch(/fine\.safetensors/);
		expect(rejection.hint).toMatch(/update-models-config/);
	});

	it('says which line of the credential is no address', async () => {
		const { error } = await select({}, [{ json: {} }], {
			credentials: comfyUiCredential('gpu1=http://ok\nnonsense\ngpu1=http://twice'),
		});
		expect(error?.message).toMatch(/line 2/);
		expect(error?.message).toMatch(/line 3/);
	});
});
