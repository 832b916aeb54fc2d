/** The row of costs: money on servers with a price, and GPU time on those without one, which are never added. */
import { PANELS } from '../adapters/postgres/panels';
import {
	type AnyPanel,
	namedBars,
	type PanelText,
	propertiesOf,
	stackedBars,
	table,
} from './panel-kinds';

export function costPanels(money: string): AnyPanel[] {
	const byName = (key: 'costByModel' | 'costByPurpose' | 'costByUser', name: string): AnyPanel =>
		table(
			PANELS[key],
			{
				title: `Cost by ${name}`,
				description: 'The dearest first, failed attempts included.',
				width: 8,
				unit: 'short',
			},
			[
				{ name: 'cost', unit: money, title: 'Cost' },
				{ name: 'images', title: 'Images' },
				{ name: 'cost_per_image', unit: money, title: 'Per image' },
				{ name: 'unpriced_gpu_seconds', unit: 's', title: 'GPU time without a price' },
				{ name: 'unpriced_per_image', hidden: true },
				{ name: 'unpriced_images', hidden: true },
			],
		);
	return [
		stackedBars(PANELS.costOverTime, {
			title: 'Cost over time',
			description: 'By model, on servers with a price.',
			width: 16,
			unit: money,
		}),
		byQuality(
			{
				title: 'Cost of an image by quality',
				description: 'What a step of quality costs; failed attempts are part of the price.',
				width: 8,
				unit: money,
			},
			'cost_per_image',
		),
		byName('costByModel', 'model'),
		byName('costByPurpose', 'purpose'),
		byName('costByUser', 'user'),
		stackedBars(PANELS.unpricedOverTime, {
			title: 'GPU time without a price over time',
			description: 'By model, on servers without an hourly price. Never added to the cost.',
			width: 16,
			unit: 's',
		}),
		byQuality(
			{
				title: 'GPU time of an image by quality, without a price',
				description: 'On servers without an hourly price; failed attempts are part of it.',
				width: 8,
				unit: 's',
			},
			'unpriced_per_image',
		),
	];
}

/** One figure of the query's; the others are of other units. */
function byQuality(text: PanelText, shown: string): AnyPanel {
	const figures = ['cost', 'images', 'cost_per_image', 'unpriced_images'];
	const hidden = [...figures, 'unpriced_gpu_seconds', 'unpriced_per_image'].filter(
		(name) => name !== shown,
	);
	return hidden
		.reduce(
			(panel, name) => panel.overrideByName(name, propertiesOf({ name, hidden: true })),
			namedBars(PANELS.costByQuality, text, 'quality'),
		)
		.overrideByName('quality', [{ id: 'unit', value: 'string' }]);
}
