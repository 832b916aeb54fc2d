/** The systemd units: sections and keys as systemd knows them, and a command line that the program takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseOptions } from '../../../cli/command';
import { vramMonitor } from '../../../cli/commands/vram-monitor';

const FOLDER = join(__dirname, '../../../deploy/systemd');

function sections(file: string): Record<string, Record<string, string>> {
	const found: Record<string, Record<string, string>> = {};
	let current: Record<string, string> | undefined;
	for (const line of readFileSync(join(FOLDER, file), 'utf8').split('\n')) {
		if (line === '' || line.startsWith('#')) continue;
		const section = /^\[(\w+)\]$/.exec(line);
		if (section) current = found[section[1] as string] = {};
		else {
			const [, key, value] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? [];
			if (!key || !current) throw new Error(`${file}: ${line}`);
			current[key] = value as string;
		}
	}
	return found;
}

describe('the units for systemd', () => {
	it('run one round that ends by itself, without any right that it does not need', () => {
		const { Service } = sections('comfyui-router-vram-monitor.service');
		expect(Service).toMatchObject({
			Type: 'oneshot',
			DynamicUser: 'yes',
			NoNewPrivileges: 'yes',
			ProtectSystem: 'strict',
		});
		const [env, program, command, ...args] = (Service?.['ExecStart'] as string).split(' ');
		expect([env, program, command]).toEqual(['/usr/bin/env', 'comfyui-router', 'vram-monitor']);
		const filled = args.flatMap((arg) => (arg === '$SERVERS' ? ['--server', 'a=http://a'] : [arg]));
		expect(parseOptions(vramMonitor, filled)).toMatchObject({ once: true, server: ['a=http://a'] });
	});

	it('are started by a timer of the same name', () => {
		const timer = sections('comfyui-router-vram-monitor.timer');
		expect(timer['Install']).toEqual({ WantedBy: 'timers.target' });
		expect(timer['Timer']?.['OnCalendar']).toBe('*-*-* *:*:00');
	});
});
