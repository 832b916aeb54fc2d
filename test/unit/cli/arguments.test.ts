import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../../cli/commands';
import { cli } from '../../support/cli';

describe('help', () => {
	it('is printed for every command, with its options and an example', async () => {
		for (const command of COMMANDS) {
			for (const args of [
				[command.name, '--help'],
				['help', command.name],
				[command.name, '--nonsense', '-h'],
			]) {
				const { code, out } = await cli(args);
				expect(code).toBe(0);
				expect(out).toContain(`Usage: comfyui-router ${command.name}`);
			}
			expect(command.help).toContain('Example');
			for (const option of Object.keys(command.options))
				expect(command.help).toContain(`--${option}`);
		}
	});

	it('lists every command', async () => {
		const { code, out } = await cli(['--help']);
		expect(code).toBe(0);
		for (const command of COMMANDS) expect(out).toContain(command.summary);
	});

	it('goes to standard error, with the code of bad input, where no command is given', async () => {
		const { code, out, err } = await cli([]);
		expect([code, out]).toEqual([64, '']);
		expect(err).toContain('Usage: comfyui-router');
	});

	it('tells the version', async () => {
		expect(await cli(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
	});
});

describe('a wrong command line', () => {
	it.each([
		[['selct'], 'Did you mean select?'],
		[['--catalog', 'x'], 'not an option'],
		[['select', '--cataolg', 'x'], 'Did you mean --catalog?'],
		[['select', '--catalog'], '--catalog needs a value'],
		[['select', '--catalog', '--fleet', 'x'], '--catalog needs a value'],
		[['select', '--text=yes'], '--text takes no value'],
		[['select', 'request.json'], '"request.json" is out of place'],
		[['select'], '--catalog is missing'],
		[['select', '--catalog', 'c'], '--request is missing'],
		[['select', '--catalog', 'c', '--request', 'r'], '--fleet F or --server URL is missing'],
		[
			['select', '--catalog', 'c', '--request', 'r', '--fleet', 'f', '--server', 'http://x'],
			'exclude each other',
		],
		[['select', '--catalog', '-', '--request', '-', '--fleet', 'f'], 'Only one file can be -'],
		[
			['select', '--catalog', 'c', '--request', 'r', '--fleet', 'f', '--now', 'soon'],
			'--now is "soon"',
		],
		[
			[
				'select',
				'--catalog',
				'c',
				'--request',
				'r',
				'--fleet',
				'f',
				'--demand-arrivals-per-second',
				'-1',
			],
			'not a number from 0',
		],
		[['migrate'], '--database-url is missing'],
		[['vram-monitor', '--server', 'http://x'], '--once or --interval-seconds'],
		[
			['vram-monitor', '--once', '--interval-seconds', '5', '--server', 'http://x'],
			'--once or --interval-seconds',
		],
		[['vram-monitor', '--once'], '--server is missing'],
		[['vram-monitor', '--once', '--server', 'ftp://x', '--database-url', 'postgres://x/y'], 'ftp:'],
		[
			['vram-monitor', '--once', '--server', 'a=http://x', '--server', 'a=http://y'],
			'Two servers are called a',
		],
	])('%j ends with 64 and says: %s', async (args, message) => {
		const { code, out, err } = await cli(args);
		expect(err).toContain(message);
		expect([code, out]).toEqual([64, '']);
	});

	it('never repeats the password of a broken address', async () => {
		for (const url of [
			'postgres://me:hunter2@h:99999/x',
			'mysql://me:hunter2@h/x',
			'postgres://me:hunter2%@h/x',
			'me:hunter2',
		]) {
			const { code, out, err } = await cli(['migrate', '--database-url', url]);
			expect(code).toBe(64);
			expect(out + err).not.toContain('hunter2');
		}
	});

	it('is an object with code and message for machines', async () => {
		const { err } = await cli(['select', '--nope', '--json']);
		expect(JSON.parse(err)).toMatchObject({
			error: { code: 'OPTIONS_INVALID', message: expect.stringContaining('--nope') },
		});
	});
});
