"""The words of the dataset: categories with their English names, cities, comments."""

from __future__ import annotations

from collections.abc import Mapping

CATEGORIES: Mapping[str, str] = dict(
    line.split()
    for line in """
    beleza_saude health_beauty
    informatica_acessorios computers_accessories
    automotivo auto
    cama_mesa_banho bed_bath_table
    moveis_decoracao furniture_decor
    esporte_lazer sports_leisure
    perfumaria perfumery
    utilidades_domesticas housewares
    telefonia telephony
    relogios_presentes watches_gifts
    alimentos_bebidas food_drink
    bebes baby
    papelaria stationery
    tablets_impressao_imagem tablets_printing_image
    brinquedos toys
    telefonia_fixa fixed_telephony
    ferramentas_jardim garden_tools
    fashion_bolsas_e_acessorios fashion_bags_accessories
    eletroportateis small_appliances
    consoles_games consoles_games
    audio audio
    fashion_calcados fashion_shoes
    cool_stuff cool_stuff
    malas_acessorios luggage_accessories
    climatizacao air_conditioning
    construcao_ferramentas_construcao construction_tools_construction
    moveis_cozinha_area_de_servico_jantar_e_jardim kitchen_dining_laundry_garden_furniture
    construcao_ferramentas_jardim costruction_tools_garden
    fashion_roupa_masculina fashion_male_clothing
    pet_shop pet_shop
    moveis_escritorio office_furniture
    market_place market_place
    eletronicos electronics
    eletrodomesticos home_appliances
    artigos_de_festas party_supplies
    casa_conforto home_confort
    construcao_ferramentas_ferramentas costruction_tools_tools
    agro_industria_e_comercio agro_industry_and_commerce
    moveis_colchao_e_estofado furniture_mattress_and_upholstery
    livros_tecnicos books_technical
    casa_construcao home_construction
    instrumentos_musicais musical_instruments
    moveis_sala furniture_living_room
    construcao_ferramentas_iluminacao construction_tools_lights
    industria_comercio_e_negocios industry_commerce_and_business
    alimentos food
    artes art
    moveis_quarto furniture_bedroom
    livros_interesse_geral books_general_interest
    construcao_ferramentas_seguranca construction_tools_safety
    fashion_underwear_e_moda_praia fashion_underwear_beach
    fashion_esporte fashion_sport
    sinalizacao_e_seguranca signaling_and_security
    pcs computers
    artigos_de_natal christmas_supplies
    fashion_roupa_feminina fashio_female_clothing
    eletrodomesticos_2 home_appliances_2
    livros_importados books_imported
    bebidas drinks
    cine_foto cine_photo
    la_cuisine la_cuisine
    musica music
    casa_conforto_2 home_comfort_2
    portateis_casa_forno_e_cafe small_appliances_home_oven_and_coffee
    cds_dvds_musicais cds_dvds_musicals
    dvds_blu_ray dvds_blu_ray
    flores flowers
    artes_e_artesanato arts_and_craftmanship
    fraldas_higiene diapers_and_hygiene
    fashion_roupa_infanto_juvenil fashion_childrens_clothes
    seguros_e_servicos security_and_services
    """.strip().splitlines()
)

CITIES: Mapping[str, tuple[str, ...]] = {
    "SP": ("sao paulo", "campinas", "guarulhos", "sao bernardo do campo", "santos", "ribeirao preto", "osasco"),
    "RJ": ("rio de janeiro", "niteroi", "nova iguacu", "petropolis", "duque de caxias"),
    "MG": ("belo horizonte", "uberlandia", "juiz de fora", "contagem", "montes claros"),
    "RS": ("porto alegre", "caxias do sul", "pelotas", "canoas"),
    "PR": ("curitiba", "londrina", "maringa", "ponta grossa"),
    "SC": ("florianopolis", "joinville", "blumenau", "chapeco"),
    "BA": ("salvador", "feira de santana", "vitoria da conquista"),
    "DF": ("brasilia", "taguatinga"), "ES": ("vitoria", "vila velha", "serra"),
    "GO": ("goiania", "anapolis"), "PE": ("recife", "olinda", "caruaru"), "CE": ("fortaleza", "juazeiro do norte"),
    "PA": ("belem", "ananindeua"), "MT": ("cuiaba", "rondonopolis"), "MA": ("sao luis", "imperatriz"),
    "MS": ("campo grande", "dourados"), "PB": ("joao pessoa", "campina grande"), "PI": ("teresina",),
    "RN": ("natal", "mossoro"), "AL": ("maceio",), "SE": ("aracaju",), "TO": ("palmas",), "RO": ("porto velho",),
    "AM": ("manaus",), "AC": ("rio branco",), "AP": ("macapa",), "RR": ("boa vista",),
}  # fmt: skip

CENTRES: Mapping[str, tuple[float, float]] = {
    "SP": (-23.5, -46.6), "RJ": (-22.9, -43.2), "MG": (-19.9, -43.9), "RS": (-30.0, -51.2), "PR": (-25.4, -49.3),
    "SC": (-27.6, -48.5), "BA": (-12.9, -38.5), "DF": (-15.8, -47.9), "ES": (-20.3, -40.3), "GO": (-16.7, -49.3),
    "PE": (-8.1, -34.9), "CE": (-3.7, -38.5), "PA": (-1.5, -48.5), "MT": (-15.6, -56.1), "MA": (-2.5, -44.3),
    "MS": (-20.5, -54.6), "PB": (-7.1, -34.9), "PI": (-5.1, -42.8), "RN": (-5.8, -35.2), "AL": (-9.7, -35.7),
    "SE": (-10.9, -37.1), "TO": (-10.2, -48.3), "RO": (-8.8, -63.9), "AM": (-3.1, -60.0), "AC": (-10.0, -67.8),
    "AP": (0.0, -51.1), "RR": (2.8, -60.7),
}  # fmt: skip

TITLES = ("recomendo", "super recomendo", "bom", "ótimo", "não recebi", "péssimo", "10", "produto errado")
MESSAGES: Mapping[int, tuple[str, ...]] = {
    5: ("Recebi bem antes do prazo estipulado.", "Parabéns lojas lannister, adorei!", 'Produto "top", recomendo.'),
    4: ("Bom produto, entrega rápida.", "Gostei, mas a caixa veio amassada;\nproduto intacto."),
    3: ("Produto ok, esperava mais.", "Entrega demorou, produto conforme o anúncio."),
    2: ("Veio faltando uma peça.", "Qualidade abaixo do esperado, 'barato' que sai caro."),
    1: ("Não recebi o produto e ninguém responde.", "Produto errado, quero devolver.", "Péssimo!\r\nNão comprem."),
}
