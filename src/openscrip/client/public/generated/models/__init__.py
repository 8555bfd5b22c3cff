"""Contains all the data models used in inputs/outputs"""

from .action_page import ActionPage
from .asset import Asset
from .asset_page import AssetPage
from .asset_status import AssetStatus
from .asset_status_coverage import AssetStatusCoverage
from .bridge import Bridge
from .bridge_list import BridgeList
from .chain_multiplier import ChainMultiplier
from .chain_supply import ChainSupply
from .coin import Coin
from .component import Component
from .component_state import ComponentState
from .corporate_action import CorporateAction
from .coverage import Coverage
from .coverage_point import CoveragePoint
from .coverage_point_state import CoveragePointState
from .coverage_series import CoverageSeries
from .coverage_state import CoverageState
from .custody_holding import CustodyHolding
from .delivery_list import DeliveryList
from .delivery_shape import DeliveryShape
from .delivery_shape_state import DeliveryShapeState
from .deployment import Deployment
from .document import Document
from .document_list import DocumentList
from .event_shape import EventShape
from .exchange import Exchange
from .exchange_currentperiod import ExchangeCurrentperiod
from .failure import Failure
from .health import Health
from .health_indexed import HealthIndexed
from .holder_proof import HolderProof
from .holder_proof_proof import HolderProofProof
from .holder_proofs import HolderProofs
from .holder_tree import HolderTree
from .holding_list import HoldingList
from .holding_shape import HoldingShape
from .me import Me
from .multiplier import Multiplier
from .multiplier_at import MultiplierAt
from .multiplier_now import MultiplierNow
from .multiplier_page import MultiplierPage
from .multiplier_version import MultiplierVersion
from .oracle import Oracle
from .oracle_feedtype import OracleFeedtype
from .oracle_page import OraclePage
from .order_list import OrderList
from .order_shape import OrderShape
from .order_shape_side import OrderShapeSide
from .period_limit import PeriodLimit
from .phase import Phase
from .price_data import PriceData
from .price_data_session import PriceDataSession
from .proof import Proof
from .proof_page import ProofPage
from .proof_state import ProofState
from .queue_item_list import QueueItemList
from .queue_item_shape import QueueItemShape
from .queue_list import QueueList
from .queue_shape import QueueShape
from .quote_asked import QuoteAsked
from .quote_asked_mode import QuoteAskedMode
from .quote_asked_side import QuoteAskedSide
from .quote_shape import QuoteShape
from .quote_shape_mode import QuoteShapeMode
from .quote_shape_side import QuoteShapeSide
from .redemption_asked import RedemptionAsked
from .redemption_asked_kind import RedemptionAskedKind
from .report import Report
from .report_page import ReportPage
from .reserve_on_chain import ReserveOnChain
from .scheduled import Scheduled
from .source import Source
from .status import Status
from .status_clock import StatusClock
from .status_state import StatusState
from .step_shape import StepShape
from .step_shape_state import StepShapeState
from .stuck_command import StuckCommand
from .stuck_command_status import StuckCommandStatus
from .subscription_asked import SubscriptionAsked
from .supply import Supply
from .system_wallet import SystemWallet
from .trading import Trading
from .trading_currentperiod import TradingCurrentperiod
from .trading_limitsperperiod import TradingLimitsperperiod
from .underlying import Underlying
from .wallet_list import WalletList
from .webhook_asked import WebhookAsked
from .webhook_list import WebhookList
from .webhook_made import WebhookMade
from .webhook_made_state import WebhookMadeState
from .webhook_shape import WebhookShape
from .webhook_shape_state import WebhookShapeState

__all__ = (
    "ActionPage",
    "Asset",
    "AssetPage",
    "AssetStatus",
    "AssetStatusCoverage",
    "Bridge",
    "BridgeList",
    "ChainMultiplier",
    "ChainSupply",
    "Coin",
    "Component",
    "ComponentState",
    "CorporateAction",
    "Coverage",
    "CoveragePoint",
    "CoveragePointState",
    "CoverageSeries",
    "CoverageState",
    "CustodyHolding",
    "DeliveryList",
    "DeliveryShape",
    "DeliveryShapeState",
    "Deployment",
    "Document",
    "DocumentList",
    "EventShape",
    "Exchange",
    "ExchangeCurrentperiod",
    "Failure",
    "Health",
    "HealthIndexed",
    "HolderProof",
    "HolderProofProof",
    "HolderProofs",
    "HolderTree",
    "HoldingList",
    "HoldingShape",
    "Me",
    "Multiplier",
    "MultiplierAt",
    "MultiplierNow",
    "MultiplierPage",
    "MultiplierVersion",
    "Oracle",
    "OracleFeedtype",
    "OraclePage",
    "OrderList",
    "OrderShape",
    "OrderShapeSide",
    "PeriodLimit",
    "Phase",
    "PriceData",
    "PriceDataSession",
    "Proof",
    "ProofPage",
    "ProofState",
    "QueueItemList",
    "QueueItemShape",
    "QueueList",
    "QueueShape",
    "QuoteAsked",
    "QuoteAskedMode",
    "QuoteAskedSide",
    "QuoteShape",
    "QuoteShapeMode",
    "QuoteShapeSide",
    "RedemptionAsked",
    "RedemptionAskedKind",
    "Report",
    "ReportPage",
    "ReserveOnChain",
    "Scheduled",
    "Source",
    "Status",
    "StatusClock",
    "StatusState",
    "StepShape",
    "StepShapeState",
    "StuckCommand",
    "StuckCommandStatus",
    "SubscriptionAsked",
    "Supply",
    "SystemWallet",
    "Trading",
    "TradingCurrentperiod",
    "TradingLimitsperperiod",
    "Underlying",
    "WalletList",
    "WebhookAsked",
    "WebhookList",
    "WebhookMade",
    "WebhookMadeState",
    "WebhookShape",
    "WebhookShapeState",
)
