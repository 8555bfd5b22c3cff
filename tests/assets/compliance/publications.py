"""Samples of what publishers publish, in their shapes; every name, number and address is invented."""

SDN_XML = """<?xml version="1.0" standalone="yes"?>
<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/20/2026</Publish_Date><Record_Count>3</Record_Count></publshInformation>
  <sdnEntry>
    <uid>90001</uid><firstName>Igor Vasilievich</firstName><lastName>MIRSANOV</lastName><sdnType>Individual</sdnType>
    <programList><program>DEMO-FRAUD</program><program>DEMO-CYBER</program></programList>
    <idList>
      <id><uid>1</uid><idType>Passport</idType><idNumber>D0000001</idNumber><idCountry>Russia</idCountry></id>
      <id><uid>2</uid><idType>Digital Currency Address - ETH</idType>
        <idNumber>0xBAd0000000000000000000000000000000000001</idNumber></id>
      <id><uid>3</uid><idType>Digital Currency Address - XBT</idType><idNumber>1BitcoinEaterAddressDontSendDemo</idNumber></id>
      <id><uid>4</uid><idType>Digital Currency Address - USDC</idType>
        <idNumber>DeMo1111111111111111111111111111111111111112</idNumber></id>
    </idList>
    <akaList>
      <aka><uid>5</uid><type>a.k.a.</type><category>strong</category>
        <lastName>MIRSANOFF</lastName><firstName>I. V.</firstName></aka>
      <aka><uid>6</uid><type>a.k.a.</type><category>strong</category>
        <lastName>Мирсанов</lastName><firstName>Игорь</firstName></aka>
      <aka><uid>7</uid><type>a.k.a.</type><category>weak</category><lastName>THE ACCOUNTANT</lastName></aka>
    </akaList>
    <addressList><address><uid>8</uid><city>Limassol</city><country>Cyprus</country></address></addressList>
    <nationalityList><nationality><uid>9</uid><country>Russia</country><mainEntry>true</mainEntry></nationality></nationalityList>
    <dateOfBirthList>
      <dateOfBirthItem><uid>10</uid><dateOfBirth>18 Dec 1968</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem>
      <dateOfBirthItem><uid>11</uid><dateOfBirth>circa 1970</dateOfBirth><mainEntry>false</mainEntry></dateOfBirthItem>
    </dateOfBirthList>
  </sdnEntry>
  <sdnEntry>
    <uid>90002</uid><lastName>BLACKFERN SHIPPING &amp; TRADING LLC</lastName><sdnType>Entity</sdnType>
    <remarks>(Linked To: MIRSANOV, Igor)</remarks><programList><program>DEMO-EMBARGO</program></programList>
    <akaList><aka><uid>12</uid><type>f.k.a.</type><category>strong</category>
      <lastName>BLACKFERN MARITIME</lastName></aka></akaList>
  </sdnEntry>
  <sdnEntry><uid>90003</uid><lastName>DEMO STAR</lastName><sdnType>Vessel</sdnType>
    <programList><program>DEMO-EMBARGO</program></programList>
    <vesselInfo><callSign>DEMO1</callSign><vesselType>Crude Oil Tanker</vesselType><vesselFlag>Panama</vesselFlag></vesselInfo>
  </sdnEntry>
</sdnList>
""".encode()

CONSOLIDATED_XML = SDN_XML.replace(b"9000", b"9100").replace(b"DEMO-FRAUD", b"DEMO-NS-PLC")

SDN_CSV = b"""\
90001,"MIRSANOV, Igor Vasilievich","individual","DEMO-FRAUD] [DEMO-CYBER",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\
"DOB 18 Dec 1968; alt. DOB circa 1970; nationality Russia; a.k.a. \"\"THE ACCOUNTANT\"\"; \
Digital Currency Address - ETH 0xBAd0000000000000000000000000000000000001; \
alt. Digital Currency Address - XBT 1BitcoinEaterAddressDontSendDemo."
90002,"BLACKFERN SHIPPING & TRADING LLC",-0- ,"DEMO-EMBARGO",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0-
90003,"DEMO STAR","vessel","DEMO-EMBARGO",-0- ,"DEMO1","Crude Oil Tanker",-0- ,-0- ,"Panama",-0- ,-0-
\x1a"""
ALT_CSV = b"""\
90001,5,"aka","MIRSANOFF, I. V.",-0-
90002,12,"fka","BLACKFERN MARITIME",-0-
\x1a"""
ADD_CSV = b"""\
90001,8,-0- ,"Limassol","Cyprus",-0-
90002,13,"1 Demo Quay","Valletta","Malta",-0-
\x1a"""
COMMENTS_CSV = b"""\
90002,"(Linked To: MIRSANOV, Igor); Digital Currency Address - SOL DeMo1111111111111111111111111111111111111112."
\x1a"""
FLAT = {"sdn.csv": SDN_CSV, "alt.csv": ALT_CSV, "add.csv": ADD_CSV, "sdn_comments.csv": COMMENTS_CSV}

ADVANCED_XML = """<?xml version="1.0" encoding="utf-8"?>
<Sanctions Version="3" xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML">
  <DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>11</Month><Day>20</Day></DateOfIssue>
  <ReferenceValueSets>
    <FeatureTypeValues>
      <FeatureType ID="8" FeatureTypeGroupID="1">Birthdate</FeatureType>
      <FeatureType ID="345" FeatureTypeGroupID="1">Digital Currency Address - ETH</FeatureType>
      <FeatureType ID="344" FeatureTypeGroupID="1">Digital Currency Address - XBT</FeatureType>
    </FeatureTypeValues>
    <NamePartTypeValues>
      <NamePartType ID="1520">Last Name</NamePartType><NamePartType ID="1521">First Name</NamePartType>
    </NamePartTypeValues>
  </ReferenceValueSets>
  <DistinctParties>
    <DistinctParty FixedRef="90001">
      <Profile ID="90001" PartySubTypeID="4">
        <Identity ID="1" FixedRef="90001" Primary="true">
          <Alias FixedRef="90001" AliasTypeID="1403" Primary="true" LowQuality="false">
            <DocumentedName ID="1" FixedRef="90001" DocNameStatusID="1">
              <DocumentedNamePart>
                <NamePartValue NamePartGroupID="11" ScriptID="215">MIRSANOV</NamePartValue></DocumentedNamePart>
              <DocumentedNamePart>
                <NamePartValue NamePartGroupID="12" ScriptID="215">Igor</NamePartValue></DocumentedNamePart>
            </DocumentedName>
            <DocumentedName ID="2" FixedRef="90001" DocNameStatusID="2">
              <DocumentedNamePart>
                <NamePartValue NamePartGroupID="11" ScriptID="220">Мирсанов</NamePartValue></DocumentedNamePart>
              <DocumentedNamePart>
                <NamePartValue NamePartGroupID="12" ScriptID="220">Игорь</NamePartValue></DocumentedNamePart>
            </DocumentedName>
          </Alias>
          <Alias FixedRef="90001" AliasTypeID="1400" Primary="false" LowQuality="true">
            <DocumentedName ID="3" FixedRef="90001" DocNameStatusID="2">
              <DocumentedNamePart>
                <NamePartValue NamePartGroupID="13" ScriptID="215">THE ACCOUNTANT</NamePartValue></DocumentedNamePart>
            </DocumentedName>
          </Alias>
          <NamePartGroups>
            <MasterNamePartGroup><NamePartGroup ID="11" NamePartTypeID="1520" /></MasterNamePartGroup>
            <MasterNamePartGroup><NamePartGroup ID="12" NamePartTypeID="1521" /></MasterNamePartGroup>
          </NamePartGroups>
        </Identity>
        <Feature ID="21" FeatureTypeID="8"><FeatureVersion ID="22" ReliabilityID="1"><Comment />
          <DatePeriod CalendarTypeID="1">
            <Start Approximate="false"><From><Year>1968</Year><Month>12</Month><Day>18</Day></From></Start>
            <End Approximate="false"><To><Year>1968</Year><Month>12</Month><Day>18</Day></To></End>
          </DatePeriod></FeatureVersion></Feature>
        <Feature ID="23" FeatureTypeID="345"><FeatureVersion ID="24" ReliabilityID="1560"><Comment />
          <VersionDetail DetailTypeID="1432">0xBAd0000000000000000000000000000000000001</VersionDetail>
        </FeatureVersion></Feature>
        <Feature ID="25" FeatureTypeID="344"><FeatureVersion ID="26" ReliabilityID="1560"><Comment />
          <VersionDetail DetailTypeID="1432">1BitcoinEaterAddressDontSendDemo</VersionDetail>
        </FeatureVersion></Feature>
      </Profile>
    </DistinctParty>
  </DistinctParties>
  <SanctionsEntries>
    <SanctionsEntry ID="31" ProfileID="90001" ListID="1550">
      <SanctionsMeasure ID="32" SanctionsTypeID="1"><Comment>DEMO-FRAUD</Comment></SanctionsMeasure>
    </SanctionsEntry>
  </SanctionsEntries>
</Sanctions>
""".encode()

PLAIN_CSV = """\
id,name,quality,programme,born,country,kind,chain,address
own:1,Igor Mirsanov,,OWN-1,1968-12-18,RU,natural,,
own:1,Игорь Мирсанов,strong,OWN-1,,,natural,,
own:1,The Accountant,weak,OWN-1,1970,CY,natural,,
own:1,,,OWN-1,,,natural,evm,0xBAd0000000000000000000000000000000000001
own:2,Blackfern Shipping,,OWN-2,,MT,legal,,
""".encode()
