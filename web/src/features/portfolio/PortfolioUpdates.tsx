import { useSelected } from "../../synapse/hooks";
import type { PortfolioView } from "../../synapse/view";
import { Origin, PaperNote } from "../../ui/Origin";
import { Panel } from "../../ui/Panel";
import { useFormat } from "../../ui/useFormat";
import { Positions } from "./Positions";
import "./portfolio.css";

/** What the portfolios are worth, each with whose it is; nothing while there is none. */
export function PortfolioUpdates() {
  const portfolios = useSelected(({ market }) => market.portfolios);
  const all = Object.values(portfolios);
  if (all.length === 0) return null;
  return (
    <Panel title={all.length === 1 ? "Portfolio" : "Portfolios"} className="portfolio">
      {all.map((one) => (
        <Portfolio key={one.portfolio_id} portfolio={one} />
      ))}
    </Panel>
  );
}

function Portfolio({ portfolio }: { portfolio: PortfolioView }) {
  const { amount, moment, percent, signedAmount, signedPercent } = useFormat();
  const { portfolio_id: name, benchmark_pnl_pct: benchmark, timestamp } = portfolio;
  return (
    <section className="portfolio-one" aria-label={`Portfolio ${name}`}>
      <p className="row-line">
        <strong>{name}</strong>
        <Origin source={portfolio.source} />
        <time dateTime={timestamp}>{moment(timestamp)}</time>
      </p>
      <p className="portfolio-value">
        <strong>{amount(portfolio.total_value)}</strong>
        <span className="won" data-won={sign(portfolio.pnl_pct)}>
          <bdi>{signedAmount(portfolio.pnl)}</bdi> ({signedPercent(portfolio.pnl_pct)})
        </span>
      </p>
      <dl className="portfolio-facts">
        <Fact name="Daily PnL" value={signedAmount(portfolio.daily_pnl)} />
        {benchmark !== null && (
          <>
            <Fact name="Buy and hold" value={signedPercent(benchmark)} />
            <Fact
              name="Versus buy and hold"
              value={signedPercent(portfolio.pnl_pct - benchmark)}
            />
          </>
        )}
        <Fact name="Exposure" value={percent(portfolio.exposure)} />
        <Fact name="Drawdown" value={percent(portfolio.drawdown_pct, 1)} />
        <Fact name="Cash" value={amount(portfolio.cash)} />
      </dl>
      <Positions of={name} positions={portfolio.positions} />
      <PaperNote sources={[portfolio.source]} />
    </section>
  );
}

/** Which way it went; the sign is written too, so the colour says nothing alone. */
const sign = (value: number): string => (value > 0 ? "up" : value < 0 ? "down" : "even");

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
