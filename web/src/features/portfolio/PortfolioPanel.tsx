import type { PortfolioUpdate } from "../../synapse/generated";
import { useSelected } from "../../synapse/hooks";
import { Panel } from "../../ui/Panel";
import { percent, price, signedPercent } from "../../ui/format";
import "./portfolio.css";

/** What the paper portfolios are worth; nothing while there is none. */
export function PortfolioPanel() {
  const portfolios = useSelected(({ market }) => market.portfolios);
  const all = Object.values(portfolios);
  if (all.length === 0) return null;
  return (
    <Panel title="Portfolio" className="portfolio" aside={<span className="quiet">paper</span>}>
      {all.map((one) => (
        <Portfolio key={one.portfolio_id} portfolio={one} />
      ))}
    </Panel>
  );
}

function Portfolio({ portfolio }: { portfolio: PortfolioUpdate }) {
  return (
    <div>
      <p className="portfolio-value">
        <strong>{price(portfolio.total_value)}</strong>
        <span className="quiet">{portfolio.portfolio_id}</span>
      </p>
      <dl className="portfolio-facts">
        <Fact name="Gain" value={signedPercent(portfolio.pnl_pct)} />
        {portfolio.benchmark_pnl_pct !== null && (
          <Fact name="Buy and hold" value={signedPercent(portfolio.benchmark_pnl_pct)} />
        )}
        <Fact name="Exposure" value={percent(portfolio.exposure)} />
        <Fact name="Drawdown" value={percent(-Math.abs(portfolio.drawdown_pct), 1)} />
      </dl>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
