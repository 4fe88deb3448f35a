"""The configurations that are shipped can be read, and every wrong one is refused by one line that names the key."""

import tomllib
from decimal import Decimal
from fractions import Fraction

import pytest

from bsip_mplp import config
from bsip_mplp.market import Parameters

TESTNET = (config.PLACES / "testnet.toml").read_text()


def read(text: str) -> config.Settings:
    return config.read(tomllib.loads(text, parse_float=Decimal), "x.toml")


@pytest.mark.parametrize("place", ["devnet", "mainnet-observe", "testnet"])
def test_every_shipped_place_is_read_by_its_name(place):
    assert config.load(place).place == place
    assert place in config.shipped_places()


def test_ratios_become_permille_and_rates_stay_exact():
    settings = read(TESTNET.replace("lmcr = 1.3", 'lmcr = 1.301\nlcr_cap = 4\ncombined_floor = "MCR"'))
    parameters = Parameters().changed(settings.markets["USD"].parameters)
    assert (parameters.lmcr, parameters.lcr_cap, parameters.combined_floor) == (1301, 4000, "MCR")
    assert parameters.i2 == Fraction(1, 10)
    assert parameters.stake_rate == Fraction(1, 20)


def test_every_parameter_of_a_market_can_be_configured_with_its_own_default():
    for name, value in Parameters().as_json().items():
        if value is None:
            continue
        written = f'"{value}"' if isinstance(value, str) else str(value)  # a list is written as TOML writes it
        if name in config.RATIOS and isinstance(value, int):
            written = str(Decimal(value) / 1000)
        settings = read(f"{TESTNET.split('[markets.USD]')[0]}[markets.USD]\n{name} = {written}\n")
        assert getattr(Parameters().changed(settings.markets["USD"].parameters), name) == getattr(Parameters(), name)


def test_least_and_largest_amounts_are_exact_units():
    settings = read(TESTNET)
    assert settings.least_units("USD", 4) == 1000
    assert settings.least_units("TEST", 5) == 1_000_000
    assert settings.least_units("EUR", 4) == 1
    assert settings.largest_units("TEST", 5) == 100_000 * 10**5
    assert settings.largest_units("EUR", 4) is None
    with pytest.raises(config.ConfigError, match=r"assets\.USD\.least: .* more than 0 digits"):
        settings.least_units("USD", 0)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("lmcr = 1.3", "lmcr = 1.3005", "markets.USD: lmcr takes a ratio with at most 3 digits"),
        ("lmcr = 1.3", "lmrc = 1.3", "markets.USD: lmrc is no parameter of a market"),
        ("i2 = 0.1", "i2 = 2", "markets.USD: i2 takes a number from 0 to 1"),
        ("i2 = 0.1", "i2 = true", "markets.USD: i2 takes"),
        ("nodes = [", "nodez = [", "chain.nodez: nodez is no key of this table: it has nodes, quorum, chain_id"),
        ('"wss://testnet.xbts.io/ws"', '"http://x"', "chain.nodes.0: takes an address such as wss://"),
        ('chain_id = "39f5', 'chain_id = "39g5', "chain.chain_id: takes 64 hexadecimal digits"),
        ('pool_account = "mplp-pool"', "", "chain.pool_account: name the account"),
        ("least = 0.1", "least = -1", "assets.USD.least: write an amount"),
        ("least = 0.1", "leas = 1", "assets.USD.leas: leas is no key"),
        ("[health]", "[healthy]", "healthy: healthy is no key of this table: it has place"),
        ("tick_age_seconds = 120", "tick_age_seconds = 0", "health.tick_age_seconds: input should be greater"),
        ("[markets.USD]", "[markets.usd]", "markets.usd: takes an asset's symbol"),
        ("[markets.USD]", "[markets.TEST]", "markets.TEST: a market goes by its bitasset"),
        ('place = "testnet"', "place = 5", "place: takes small letters"),
        ("39f5e2ede1f8bc1a3a54a7914414e3779e33193f1f5693510e73cb7a87617447", config.MAINNET, "observes_only: must be"),
        ('place = "testnet"', 'place = "testnet"\nobserves_only = true', "keys: must be left out"),
    ],
)
def test_a_wrong_configuration_is_refused_by_one_line_that_names_the_key(right, wrong, says):
    assert right in TESTNET
    with pytest.raises(config.ConfigError) as caught:
        read(TESTNET.replace(right, wrong, 1))
    assert str(caught.value).startswith("x.toml: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_main_chain_takes_no_key():
    text = (config.PLACES / "mainnet-observe.toml").read_text()
    with pytest.raises(config.ConfigError, match="keys: must be left out where observes_only is true"):
        read(text + '\n[keys]\nfile = "k"\n')


def test_the_configuration_is_found_by_option_then_environment_then_home(tmp_path, monkeypatch):
    home = tmp_path / "home/mplp/config.toml"
    home.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MPLP_CONFIG", raising=False)
    with pytest.raises(config.ConfigError, match="no configuration: give --config with a file or one of devnet"):
        config.find(None)
    home.write_text(TESTNET)
    assert config.find(None) == home
    other = tmp_path / "other.toml"
    other.write_text("place = [")
    monkeypatch.setenv("MPLP_CONFIG", str(other))
    assert config.find(None) == other
    assert config.find("devnet") == config.PLACES / "devnet.toml"
    with pytest.raises(config.ConfigError, match="no such file; name a file, or one of devnet"):
        config.find("nowhere")
    with pytest.raises(config.ConfigError, match="not TOML"):
        config.load()


def test_a_database_in_the_home_directory_is_written_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = read(TESTNET + '\n[database]\nurl = "sqlite:///~/x.sqlite"\n')
    assert settings.database_url == f"sqlite:///{tmp_path}/x.sqlite"


def test_the_page_names_every_key_and_every_parameter():
    page = (config.PLACES.parent.parent / "docs/configuration.md").read_text()
    for table, model in {
        "": config.Settings,
        "chain.": config.Chain,
        "keys.": config.Keys,
        "payouts.": config.Payouts,
        "vault.": config.Vault,
        "claims.": config.Claims,
        "alerts.": config.Alerts,
        "health.": config.Health,
    }.items():
        tables = {
            "chain",
            "keys",
            "database",
            "assets",
            "markets",
            "bots",
            "payouts",
            "vault",
            "claims",
            "alerts",
            "health",
        }
        for name, field in model.model_fields.items():
            if not table and name in tables:
                continue
            assert f"| `{table}{name}` |" in page, field
    for name in Parameters().as_json():
        assert f"| `{name}` |" in page
    example = page.split("```toml\n")[1].split("```")[0]
    assert read(example).place == "testnet"


@pytest.mark.parametrize(
    "url", ["postgresql://mplp:secret@db.example/mplp", "postgresql://db.example/mplp?user=mplp&password=secret"]
)
def test_a_password_in_a_database_address_is_refused_and_not_shown(url):
    with pytest.raises(config.ConfigError, match="pgpass") as caught:
        read(f'{TESTNET.partition("[database]")[0]}\n[database]\nurl = "{url}"\n')
    assert "secret" not in str(caught.value)


VAULT = '[vault]\nkeepers = ["mplp-pool"]\nguard = "mplp-guard"\n'
VAULT_OF_THREE = VAULT.replace('["mplp-pool"]', '["ann", "ben", "cho"]\nthreshold = 2\nkeeper = "ben"')


def test_v_2_the_custody_of_vaults_is_read():
    assert read(TESTNET).vault is None
    one, three = read(f"{TESTNET}\n{VAULT}").vault, read(f"{TESTNET}\n{VAULT_OF_THREE}").vault
    assert (one.keepers, one.threshold, one.guard, one.own) == (("mplp-pool",), 1, "mplp-guard", "mplp-pool")
    assert (three.threshold, three.own) == (2, "ben")


@pytest.mark.parametrize("place", ["devnet", "testnet"])
def test_the_vaults_that_a_place_suggests_can_be_configured(place):
    text = (config.PLACES / f"{place}.toml").read_text()
    lines = [line.removeprefix("# ") for line in text.partition("# [vault]")[2].partition("\n\n")[0].splitlines()[1:]]
    assert read(text + "\n[vault]\n" + "\n".join(lines)).vault.guard == "mplp-guard"


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('["ann", "ben", "cho"]', '["ann", "ben", "ann"]', "vault: keepers: name each account once"),
        ("threshold = 2", "threshold = 4", "vault: threshold: 4 must approve, and there are 3 keepers"),
        ('"mplp-guard"', '"cho"', "vault: guard: cho is a keeper"),
        ('"mplp-guard"', '"mplp-pool"', "vault.guard: mplp-pool is the pool's account"),
        ('keeper = "ben"', 'keeper = "dan"', "vault: keeper: dan is none of the keepers"),
        ('keeper = "ben"\n', "", "vault: keeper: say which of the keepers this one is"),
        ("guard =", "gard =", "vault.gard: gard is no key of this table: it has keepers, threshold, guard, keeper"),
    ],
)
def test_a_custody_that_gives_one_person_too_much_is_refused(right, wrong, says):
    assert right in VAULT_OF_THREE
    with pytest.raises(config.ConfigError) as caught:
        read(f"{TESTNET}\n{VAULT_OF_THREE.replace(right, wrong, 1)}")
    assert says in str(caught.value)
