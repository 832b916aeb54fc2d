/** `quota`: sets, lists and removes limits of users and groups, and who is in a group. */
import { type ListedLimit, PostgresQuotaLimits } from '../../adapters/postgres/quota-limits';
import { QUOTA_MODES, QUOTA_PERIODS, type QuotaSubject } from '../../lib/quotas/types';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { formatTable } from '../table';
import { UsageError } from '../usage-error';
import { list, number, text } from '../values';

const NAME = 'quota';
const ACTIONS = ['set', 'list', 'remove'] as const;

const HELP = `Usage: comfyui-router quota (set | list | remove) --database-url U [options]

Limits what users and groups may take of the fleet in a period: images, GPU seconds, money.

  quota set    --user U | --group G  --period P  [--images N] [--gpu-seconds N] [--cost N] [--mode M]
               sets the limit of that user or group for that period, in place of the one before
  quota set    --group G --member U...      puts users into a group (repeatable)
  quota list   every limit with what is used and reserved of it now, and when it resets
  quota remove --user U | --group G  [--period P]   removes the limit; without a period all of them
  quota remove --group G --member U...      takes users out of a group

  --user U             a user_id of requests; * is each user without a limit of their own for that period;
                       "" is requests without a user_id
  --group G            a group; * is all users together
  --period P           hour, day, week (from Monday) or month, in UTC
  --images N           at most so many images
  --gpu-seconds N      at most so many seconds of loading and running
  --cost N             at most so much money, in the catalog's currency; servers without a price cost none
  --mode M             reject (default): no job beyond the limit; degrade: the cheapest that still fits
${DATABASE_HELP}
  --json               the answer on one line, for machines

A limit counts from the moment it is set. Takes effect within five seconds. Needs rights on quota_limit and
quota_group_member, which workers do not need: docs/quotas.md.

Exit code: 0 done, 1 failed, 2 there was nothing to remove, 64 bad input.

Examples:
  comfyui-router quota set --user '*' --period day --images 200 --database-url postgresql://owner@db/studio
  comfyui-router quota set --group interns --period month --cost 50 --mode degrade --member ana --member bob
  comfyui-router quota list
`;

export const quota: Command = {
	name: NAME,
	summary: 'limit what users and groups may take in a period',
	help: HELP,
	words: ACTIONS,
	options: {
		...DATABASE_OPTIONS,
		user: { type: 'string' },
		group: { type: 'string' },
		member: { type: 'string', multiple: true },
		period: { type: 'string' },
		images: { type: 'string' },
		'gpu-seconds': { type: 'string' },
		cost: { type: 'string' },
		mode: { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const action = ACTIONS.find((one) => one === values['']);
	if (action === undefined) {
		throw new UsageError('What to do is missing: quota set, quota list or quota remove.', NAME);
	}
	const change = action === 'list' ? null : changeOf(values, action);
	const store = storeOf(values, io, NAME);
	try {
		await store.migrate();
		const limits = new PostgresQuotaLimits(store.pool);
		if (change !== null) return await change(limits, (answer) => say(values, io, answer));
		const found = await limits.list();
		io.out(values['json'] === true ? `${JSON.stringify(found)}\n` : asTable(found));
		return EXIT.done;
	} finally {
		await store.close();
	}
}

interface Answer {
	/** For machines. */
	json: Record<string, unknown>;
	sentence: string;
}

function say(values: OptionValues, io: Io, { json, sentence }: Answer): void {
	io.out(values['json'] === true ? `${JSON.stringify(json)}\n` : `${sentence}\n`);
}

type Change = (limits: PostgresQuotaLimits, answer: (answer: Answer) => void) => Promise<number>;

/** Everything is read before the database is opened. @throws UsageError */
function changeOf(values: OptionValues, action: 'set' | 'remove'): Change {
	const { kind, subject } = subjectOf(values);
	const members = list(values, 'member');
	if (members.length > 0 && kind !== 'group') {
		throw new UsageError('--member needs --group: users are members of groups.', NAME);
	}
	const name = `${kind} ${JSON.stringify(subject)}`;
	return action === 'set' ? setting() : removing();

	function setting(): Change {
		const amounts = {
			images: number(values, 'images', NAME, { min: 0, max: 1e15 }) ?? null,
			gpu_seconds: number(values, 'gpu-seconds', NAME, { min: 0, max: 1e12 }) ?? null,
			cost: number(values, 'cost', NAME, { min: 0, max: 1e9 }) ?? null,
		};
		if (amounts.images !== null && !Number.isInteger(amounts.images)) {
			throw new UsageError(`--images is ${amounts.images}, not a whole number.`, NAME);
		}
		const hasLimit = Object.values(amounts).some((amount) => amount !== null);
		if (!hasLimit && members.length === 0) {
			throw new UsageError('--images, --gpu-seconds or --cost is missing: what is limited?', NAME);
		}
		const period = hasLimit ? periodOf(values) : null;
		const mode = oneOf(values, 'mode', QUOTA_MODES) ?? 'reject';
		return async (limits, answer) => {
			if (period !== null) {
				await limits.set({ subject_kind: kind, subject, period, ...amounts, mode });
			}
			const added = members.length === 0 ? 0 : await limits.addMembers(subject, members);
			const parts = [
				period === null ? '' : `The quota of ${name} per ${period} is set.`,
				members.length === 0 ? '' : `${added} added to ${name}.`,
			];
			const json = { subject_kind: kind, subject, period, ...amounts, mode, members_added: added };
			answer({ json, sentence: parts.filter((part) => part !== '').join(' ') });
			return EXIT.done;
		};
	}

	function removing(): Change {
		const period = oneOf(values, 'period', QUOTA_PERIODS) ?? null;
		return async (limits, answer) => {
			const removed =
				members.length > 0
					? await limits.removeMembers(subject, members)
					: await limits.remove(kind, subject, period);
			const what = members.length > 0 ? 'member' : 'quota';
			const sentence = `${removed} ${what}${removed === 1 ? '' : 's'} of ${name} removed.`;
			answer({ json: { subject_kind: kind, subject, removed }, sentence });
			return removed === 0 ? EXIT.unserved : EXIT.done;
		};
	}
}

function subjectOf(values: OptionValues): { kind: QuotaSubject; subject: string } {
	const user = text(values, 'user');
	const group = text(values, 'group');
	if ((user === undefined) === (group === undefined)) {
		throw new UsageError('Give --user U or --group G: whose quota is it?', NAME);
	}
	return user === undefined
		? { kind: 'group', subject: group as string }
		: { kind: 'user', subject: user };
}

function periodOf(values: OptionValues): (typeof QUOTA_PERIODS)[number] {
	const period = oneOf(values, 'period', QUOTA_PERIODS);
	if (period !== undefined) return period;
	throw new UsageError(`--period is missing: ${QUOTA_PERIODS.join(', ')}.`, NAME);
}

function oneOf<T extends string>(
	values: OptionValues,
	name: string,
	known: readonly T[],
): T | undefined {
	const value = text(values, name);
	const found = known.find((one) => one === value);
	if (value === undefined || found !== undefined) return found;
	throw new UsageError(`--${name} is "${value}", not one of ${known.join(', ')}.`, NAME);
}

function asTable(limits: readonly ListedLimit[]): string {
	if (limits.length === 0) return 'Nobody is limited.\n';
	const share = (used: number, reserved: number, limit: number | null): string =>
		limit === null ? '-' : `${short(used)} + ${short(reserved)} of ${short(limit)}`;
	const rows = limits.map((one) => [
		one.subject_kind,
		JSON.stringify(one.subject),
		one.period,
		one.mode,
		share(one.images_used, one.images_reserved, one.images),
		share(one.gpu_seconds_used, one.gpu_seconds_reserved, one.gpu_seconds),
		share(one.cost_used, one.cost_reserved, one.cost),
		one.resets_at,
		one.members.join(', '),
	]);
	const head = ['', 'Of', 'Per', 'Mode', 'Images', 'GPU seconds', 'Cost', 'Resets', 'Members'];
	return `${formatTable(head, rows)}\n\nUsed + reserved of the limit. Of user "*": what each has used is in quota_status.\n`;
}

function short(amount: number): string {
	return String(Number(amount.toPrecision(6)));
}
