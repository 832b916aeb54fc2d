import { describe, expect, it } from 'vitest';

import { listenAddress } from '../../../cli/listen-address';
import { cli } from '../../support/cli';
import { startFakeServer } from '../../support/fake-server';

describe('--listen', () => {
	it.each([
		['9188', { host: '127.0.0.1', port: 9188 }],
		['0.0.0.0:9188', { host: '0.0.0.0', port: 9188 }],
		[':9188', { host: null, port: 9188 }],
		['*:9188', { host: null, port: 9188 }],
		['[::1]:0', { host: '::1', port: 0 }],
		['metrics.local:80', { host: 'metrics.local', port: 80 }],
	])('%s', (value, address) => {
		expect(listenAddress({ listen: value }, 'vram-monitor')).toEqual(address);
	});

	it.each(['', 'x', '70000', '1:2:3', '::1', 'http://x:1', 'a b:1', '9188x'])(
		'refuses %j',
		(value) => {
			expect(() => listenAddress({ listen: value }, 'vram-monitor')).toThrow(/not \[HOST:\]PORT/);
		},
	);

	it('does not go with --once', async () => {
		const args = ['vram-monitor', '--once', '--listen', '0', '--server', 'http://x'];
		expect(await cli(args)).toMatchObject({ code: 64, err: expect.stringContaining('--once') });
	});
});

/** Starts the monitor; `ask` is called with its address after the first round, then it is told to end. */
async function monitor(args: string[], ask: (url: string) => Promise<void>) {
	const stop = new AbortController();
	let url = '';
	let asked: Promise<void> | null = null;
	const result = await cli(['vram-monitor', '--listen', '0', '--timeout-seconds', '1', ...args], {
		signal: stop.signal,
		onErr: (text) => {
			url = /(http:\S+)\/metrics/.exec(text)?.[1] ?? url;
		},
		onOut: () => {
			asked ??= ask(url).finally(() => stop.abort(new Error('SIGTERM')));
		},
	});
	await asked;
	return result;
}

describe('vram-monitor --listen', () => {
	it('shows the round without any database, and ends at a signal with nothing left listening', async () => {
		const silent = await startFakeServer((_, response) => response.destroy());
		let text = '';
		let address = '';
		const result = await monitor(['--server', `dead=${silent.url}`], async (url) => {
			address = url;
			text = await (await fetch(`${url}/metrics`)).text();
			expect((await fetch(`${url}/healthz`)).status).toBe(200);
		});
		await silent.close();
		expect(text).toContain('comfyui_up{server="dead"} 0');
		expect(text).not.toContain('database_writes_total{');
		expect(result.code).toBe(0);
		await expect(fetch(`${address}/healthz`)).rejects.toThrow();
	});
});
