// A browser's wallet before a local EVM chain, with an unmodified ethers on the other side of it.
//
//   node evm_wallet.mjs URL KEY RECEIVER [TOKEN]
//
// The wallet is what an extension injects (EIP-1193): it holds one key, grants its account when it is asked, signs, adds
// and switches chains, and sends the rest to the chain. One line of JSON tells what ethers saw.
import { EventEmitter } from 'node:events'
import {
  BrowserProvider, Contract, ContractFactory, JsonRpcProvider, Wallet, WebSocketProvider, getBytes, isError, toQuantity,
  verifyMessage, verifyTypedData,
} from 'ethers'

const [url, key, receiver, token] = process.argv.slice(2)

class ProviderRpcError extends Error {
  constructor(code, message, data) {
    super(message)
    this.code = code
    this.data = data
  }
}

class InjectedWallet extends EventEmitter {
  #wallet
  #chains = new Map([['0x1', 'http://127.0.0.1:9']])
  #chain = '0x1'
  #granted = false

  constructor(privateKey) {
    super()
    this.#wallet = new Wallet(privateKey)
  }

  async request({ method, params = [] }) {
    switch (method) {
      case 'eth_requestAccounts':
        this.#granted = true
        return [this.#wallet.address]
      case 'eth_accounts':
        return this.#granted ? [this.#wallet.address] : []
      case 'eth_chainId':
        return this.#chain
      case 'net_version':
        return String(Number(this.#chain))
      case 'personal_sign':
        this.#own(params[1])
        return this.#wallet.signMessage(getBytes(params[0]))
      case 'eth_signTypedData_v4': {
        this.#own(params[0])
        const { domain, types, message } = JSON.parse(params[1])
        const { EIP712Domain: _, ...own } = types
        return this.#wallet.signTypedData(domain, own, message)
      }
      case 'wallet_addEthereumChain': {
        const [{ chainId, rpcUrls }] = params
        if (await this.#ask(rpcUrls[0], 'eth_chainId', []) !== chainId) throw new ProviderRpcError(-32602, 'another chain')
        this.#chains.set(chainId, rpcUrls[0])
        return null
      }
      case 'wallet_switchEthereumChain':
        if (!this.#chains.has(params[0].chainId)) throw new ProviderRpcError(4902, 'Unrecognized chain ID')
        this.#chain = params[0].chainId
        this.emit('chainChanged', this.#chain)
        return null
      case 'eth_sendTransaction':
        return this.#send(params[0])
      default:
        return this.#ask(this.#chains.get(this.#chain), method, params)
    }
  }

  #own(address) {
    if (!this.#granted || address.toLowerCase() !== this.#wallet.address.toLowerCase()) {
      throw new ProviderRpcError(4100, 'The requested account has not been authorized')
    }
  }

  async #send({ from, to, data, value, gas }) {
    this.#own(from)
    const chain = (method, ...params) => this.#ask(this.#chains.get(this.#chain), method, params)
    const head = await chain('eth_getBlockByNumber', 'latest', false)
    const tip = await chain('eth_maxPriorityFeePerGas')
    const signed = await this.#wallet.signTransaction({
      type: 2, chainId: this.#chain, to, data, value,
      nonce: Number(await chain('eth_getTransactionCount', from, 'pending')),
      gasLimit: gas ?? await chain('eth_estimateGas', { from, to, data, value }),
      maxPriorityFeePerGas: tip, maxFeePerGas: toQuantity(2n * BigInt(head.baseFeePerGas) + BigInt(tip)),
    })
    return chain('eth_sendRawTransaction', signed)
  }

  async #ask(place, method, params) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const answer = await (await fetch(place, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()
    if (answer.error) throw new ProviderRpcError(answer.error.code, answer.error.message, answer.error.data)
    return answer.result
  }
}

const refused = async (promise) => promise.then(() => null, (error) => error)
const saw = {}
const ethereum = new InjectedWallet(key)
const chainId = toQuantity((await new JsonRpcProvider(url).getNetwork()).chainId)

// The page finds the wallet on another chain, has ours added, and goes there.
const changes = []
ethereum.on('chainChanged', (id) => changes.push(id))
saw.unknownChain = (await refused(ethereum.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] }))).code
const shape = { chainId, chainName: 'Openscrip', rpcUrls: [url], nativeCurrency: { name: 'Fuel', symbol: 'ETH', decimals: 18 } }
await ethereum.request({ method: 'wallet_addEthereumChain', params: [shape] })
await ethereum.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] })
saw.changes = changes

const page = new BrowserProvider(ethereum, 'any')
page.pollingInterval = 25
saw.ungranted = (await page.listAccounts()).length
const signer = await page.getSigner()
saw.account = await signer.getAddress()
saw.chainId = Number((await page.getNetwork()).chainId)

// What it signs is its own.
saw.message = verifyMessage('Openscrip', await signer.signMessage('Openscrip')) === saw.account
const domain = { name: 'Openscrip', version: '1', chainId, verifyingContract: receiver }
const types = { Order: [{ name: 'raw', type: 'uint256' }, { name: 'holder', type: 'address' }] }
const order = { raw: 5n, holder: saw.account }
saw.typed = verifyTypedData(domain, types, order, await signer.signTypedData(domain, types, order)) === saw.account

// Heads and logs come over WebSocket while it sends.
const socket = new WebSocketProvider(url.replace('http:', 'ws:'))
const heads = [], pending = []
await socket.on('block', (number) => heads.push(number))
await socket.on('pending', (hash) => pending.push(hash))
await socket.send('eth_chainId', [])  // after both subscriptions on the same connection

const paid = await (await signer.sendTransaction({ to: receiver, value: 5n })).wait()
saw.paid = { status: paid.status, gas: Number(paid.gasUsed), got: String(await page.getBalance(receiver)) }
const block = await page.getBlock(paid.blockNumber)
saw.inBlock = block.transactions.includes(paid.hash) && block.hash === paid.blockHash

// A contract that logs its caller whenever it is called with data, and fails without.
const runtime = '366009576000' + '6000fd5b33600052' + '60206000a000'
const init = `0x6014600c60003960146000f3${runtime}`
const deployed = await (await new ContractFactory([], init, signer).deploy()).waitForDeployment()
const at = await deployed.getAddress()
saw.code = await page.getCode(at)
const logs = []
await socket.on({ address: at }, (log) => logs.push(log.transactionHash))
const logged = await (await signer.sendTransaction({ to: at, data: '0x01' })).wait()
saw.logs = (await page.getLogs({ address: at, fromBlock: 0 })).map((log) => log.transactionHash)
saw.reverted = isError(await refused(signer.estimateGas({ to: at })), 'CALL_EXCEPTION')
const receipt = await page.getTransactionReceipt(logged.hash)
saw.sameReceipt = receipt.blockHash === logged.blockHash && receipt.logs.length === 1

const hasHeard = () => logs.length && heads.includes(logged.blockNumber) && [paid.hash, logged.hash].every((id) => pending.includes(id))
for (let tries = 0; tries < 400 && !hasHeard(); tries++) {
  await new Promise((resolve) => setTimeout(resolve, 10))
}
saw.heard = { logs, head: heads.includes(logged.blockNumber), pending: [paid.hash, logged.hash].every((id) => pending.includes(id)) }
saw.logged = logged.hash
await socket.destroy()

if (token) {
  const abi = [
    'function symbol() view returns (string)', 'function balanceOf(address) view returns (uint256)',
    'function uiMultiplier() view returns (uint256)', 'function transfer(address, uint256) returns (bool)',
    'event Transfer(address indexed from, address indexed to, uint256 value)',
  ]
  const stock = new Contract(token, abi, signer)
  saw.token = { symbol: await stock.symbol(), multiplier: String(await stock.uiMultiplier()), held: String(await stock.balanceOf(saw.account)) }
  const moved = await (await stock.transfer(receiver, 10n ** 15n)).wait()
  saw.token.moved = (await stock.queryFilter(stock.filters.Transfer(saw.account), moved.blockNumber)).map((event) => String(event.args.value))
  saw.token.received = String(await stock.balanceOf(receiver))
  saw.token.tooMuch = (await refused(stock.transfer.staticCall(receiver, 10n ** 30n))).reason
}

console.log(JSON.stringify(saw))
process.exit(0)
