/** `--listen [HOST:]PORT`. Owns which address a short form means. */
import type { ListenAddress } from '../adapters/prometheus';
import type { OptionValues } from './command';
import { UsageError } from './usage-error';
import { text } from './values';

/** As ComfyUI itself: without a host, nobody but this machine. */
const THIS_MACHINE = '127.0.0.1';
const MOST_PORT = 65_535;

/**
 * `9188` is this machine only, `0.0.0.0:9188`, `:9188` or `*:9188` everybody, `[::1]:9188` an IPv6 address.
 * @returns undefined where the option is not given
 */
export function listenAddress(values: OptionValues, command: string): ListenAddress | undefined {
	const value = text(values, 'listen');
	if (value === undefined) return undefined;
	const parts = /^(?:(\[[0-9a-f:.]+\]|[^:[\]\s]*):)?(\d{1,5})$/i.exec(value.trim());
	const port = Number(parts?.[2] ?? NaN);
	if (!parts || port > MOST_PORT) {
		throw new UsageError(
			`--listen is "${value}", not [HOST:]PORT such as 9188, 0.0.0.0:9188 or [::1]:9188.`,
			command,
		);
	}
	const host = parts[1];
	if (host === undefined) return { host: THIS_MACHINE, port };
	if (host === '' || host === '*') return { host: null, port };
	return { host: host.replace(/^\[|\]$/g, ''), port };
}
