// A foreign FIX 4.2 engine (jspurefix) as the broker of our FIX broker: `node fix_peer.cjs PORT`. It fills what it is sent in
// two parts, keeps orders named `wait…` open, cancels what it is asked to, and says of orders it does not know that it does not.
// Each line on stdout is what it took: `ready`, `D buy-1`, `F wait-1#1`.

require('reflect-metadata')
const { SessionLauncher } = require('jspurefix/dist/runtime')
const { AsciiSession } = require('jspurefix/dist/transport')
const { EmptyLogFactory } = require('jspurefix/dist/config')

const description = {
  application: {
    reconnectSeconds: 1, type: 'acceptor', name: 'broker', protocol: 'ascii', dictionary: 'qf42',
    tcp: { host: '127.0.0.1', port: Number(process.argv[2]) }
  },
  Username: 'u', Password: 'p', EncryptMethod: 0, ResetSeqNumFlag: true, HeartBtInt: 30,
  SenderCompId: 'PAPERBROKER', TargetCompID: 'OPENSCRIP', BeginString: 'FIX.4.2'
}
const say = (line) => process.stdout.write(`${line}\n`)
const orders = new Map()
let reports = 0

class Broker extends AsciiSession {
  onReady () { say('ready') }

  report (order, type, more) {
    const open = order.leaves > 0
    this.send('8', {
      OrderID: `b-${order.id}`, ClOrdID: order.id, ExecID: `e-${++reports}`, ExecTransType: '0', ExecType: type, OrdStatus: type,
      Symbol: order.symbol, Side: order.side, OrderQty: order.quantity, LeavesQty: open ? order.leaves : 0,
      CumQty: order.filled, AvgPx: order.filled ? 187.4 : 0, ...more
    })
  }

  onApplicationMsg (type, view) {
    const asked = view.toObject()
    say(`${type} ${asked.ClOrdID}`)
    if (type === 'D') {
      const order = { id: asked.ClOrdID, symbol: asked.Symbol, side: asked.Side, quantity: asked.OrderQty, filled: 0 }
      order.leaves = order.quantity
      orders.set(order.id, order)
      this.report(order, '0', {})
      if (order.id.startsWith('wait')) return
      for (const part of [1, order.quantity - 1]) {
        order.filled += part
        order.leaves -= part
        this.report(order, order.leaves > 0 ? '1' : '2', { LastShares: part, LastPx: 187.4 })
      }
    } else if (type === 'F') {
      const order = orders.get(asked.OrigClOrdID)
      order.leaves = 0
      this.report(order, '4', { ClOrdID: asked.ClOrdID, OrigClOrdID: order.id, Text: 'as asked' })
    }
  }

  onLogon () { return true }
  onStopped () { say('stopped') }
  onDecoded (_, text) { process.stderr.write(`< ${text}\n`) }
  onEncoded (_, text) { process.stderr.write(`> ${text}\n`) }
}

class Launcher extends SessionLauncher {
  makeFactory () { return { makeSession: (config) => new Broker(config) } }
}

new Launcher(null, description, new EmptyLogFactory()).run().then(
  () => process.exit(0), (error) => { process.stderr.write(`${error}\n`); process.exit(1) }
)
