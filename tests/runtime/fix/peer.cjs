// A foreign FIX 4.2 engine (jspurefix) as the other side of a session: `node peer.cjs initiator|acceptor PORT`.
// As an initiator it sends three orders and logs out when each is filled; as an acceptor it fills what it is sent.
// Each line on stdout is what it saw: `ready`, `D o-1`, `8 o-1/fill`, `stopped`.

require('reflect-metadata')
const { SessionLauncher } = require('jspurefix/dist/runtime')
const { AsciiSession } = require('jspurefix/dist/transport')
const { EmptyLogFactory } = require('jspurefix/dist/config')

const [role, port] = process.argv.slice(2)
const initiator = role === 'initiator'
const description = {
  application: {
    reconnectSeconds: 1, type: role, name: role, protocol: 'ascii', dictionary: 'qf42',
    tcp: { host: '127.0.0.1', port: Number(port) }
  },
  Username: 'u', Password: 'p', EncryptMethod: 0, ResetSeqNumFlag: true, HeartBtInt: 30,
  SenderCompId: initiator ? 'ISSUER' : 'BROKER', TargetCompID: initiator ? 'BROKER' : 'ISSUER',
  BeginString: 'FIX.4.2'
}
const say = (line) => process.stdout.write(`${line}\n`)

class Peer extends AsciiSession {
  constructor (config) {
    super(config)
    this.filled = 0
  }

  onReady () {
    say('ready')
    if (!initiator) return
    for (const id of ['o-0', 'o-1', 'o-2']) {
      this.send('D', {
        ClOrdID: id, HandlInst: '1', Symbol: 'AAPL', Side: '1', TransactTime: new Date(), OrderQty: 1.5, OrdType: '1'
      })
    }
  }

  onApplicationMsg (type, view) {
    const message = view.toObject()
    say(`${type} ${type === 'D' ? message.ClOrdID : message.ExecID}`)
    if (type === 'D') {
      for (const [suffix, status] of [['ack', '0'], ['fill', '2']]) {
        this.send('8', {
          OrderID: 'b', ExecID: `${message.ClOrdID}/${suffix}`, ExecTransType: '0', ExecType: status, OrdStatus: status,
          Symbol: 'AAPL', Side: '1', LeavesQty: 0, CumQty: 1.5, AvgPx: 187.4
        })
      }
    } else if (++this.filled === 6) {
      this.done()
    }
  }

  onLogon () { return true }
  onStopped () { say('stopped') }
  onDecoded (_, text) { if (process.env.PEER_WIRE) process.stderr.write(`< ${text}\n`) }
  onEncoded (_, text) { if (process.env.PEER_WIRE) process.stderr.write(`> ${text}\n`) }
}

class Launcher extends SessionLauncher {
  makeFactory () { return { makeSession: (config) => new Peer(config) } }
}

new Launcher(initiator ? description : null, initiator ? null : description, new EmptyLogFactory()).run().then(
  () => process.exit(0), (error) => { process.stderr.write(`${error}\n`); process.exit(1) }
)
