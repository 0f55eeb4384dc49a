"""Small Parquet files, as pyarrow 26 wrote them: what is read, and what is not."""

import base64

#: In each of the first four.
WORDS = [
    "the",
    "of",
    "Übung",
    "",
    "日本",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "the",
    "😀",
    "an",
    "of",
]

FILES = {
    "dictionary_snappy": base64.b85decode(
        "P(e~L6$BNo0Tp^o6%Z8w5&!^KXafKM0CZ?&0ssI2Z)OGn006_BVs&n3000000S+kUm!;;MtRMgY0AYFo05k*u0"
        "08ixn1BKR003cb6#x|+6(B4X6crE^1{DSz0000EGy(ts02BcO1&GGN4*&oa1Q{$f02l^yV`yb<VHE-Z6$~W;7z"
        "Jr=WMz0I08AVJ000&g85|iLCIB223>h^51`rt-1!-<%Wq1_=78Dka0v6r@CZGW(2q`QT1Qh@k0ss{N6%Z8y06Z"
        "3W83q|902BZK02Yn{78E837Ty5>C?IfQa&dKKbS-0Wa4lhSa&LDac4cyNX>V>IGBz$SE-@J#8~^|SnE(I)P(e~"
        "L"
    ),
    "plain_snappy": base64.b85decode(
        "P(e~L6#x~~0Tq-1EEN<L02Kxm1{?qY0BSG-0000K0RsR40CZ?&0S!EFW(EKN0K=SOb#7+>000014k+fArRJQhA"
        "OHXWVR``o4M|J{0002+pO}CG0001CZUO)R0B>d$1Q{$f02l^yV`yb<VHE-Z6$~W;7zJr=WMz0I08AVJ000&g85"
        "|iLCIB223>hT`02vqsX>Md?cohN`6c+vg7QO){2uU0j02Kfg0suS~co_y6CIA!w000*L0TvV{2o}Bp04N}EVRC"
        "VGWppiLaBwYQa&m8XAa-SPb7^mGATl;CFfK6}92@`u0FD3v08l|vF#"
    ),
    "plain_unpacked": base64.b85decode(
        "P(e~L6#x~~0Tt8%EEN<L02Kxm1{?qY00IC202BcO0001VXk`Kb003`h1^@s6!<=GuZf5`h000I6008EfrRJQhA"
        "OHXWVPRomVPRomVPRomVPRomVPRomVPRomVPRomVPRom0{{R3bZBJ+0002+pO}CG0001CZUO)R0B>d$1Q{$f02"
        "l^yV`yb<VHE-Z6$~W;7zJr=WMz0I08AVJ000&g85|iLCIB223>hT`02vqsX>Md?cohH^6c+vg7XASy2uU0j02K"
        "fg0suS~co_y6CIA!w000*L0TvV{2p0YU04N}EVRCVGWppiLaBwYQa&m8XAa-SPb7^mGATl;CFfK6}92@`u0FD3"
        "v08l|vF#"
    ),
    "never_empty": base64.b85decode(
        "P(e~L6$BNo0Tr$ROcf9n01^NI0{{R3bZBJ)0001QW(EKN0K=SOb#7+>000060002ym!;;MtRMgY0AXQaVPRomV"
        "PRomVPRomVPRomVPRomVPRomVPRomVFUmG0PvrffC2yj0AX$w02L4w5G)lG6%Z8$6$Tst00098h{nPX000#P87"
        "wsb7zT4=Xk~3-6#@Vi3?%><1!-<%Wq2h3OdJ3J02UM(92p!Y02~zz88rX~5E&Q+X>Md?cohH^6c&U67K8#O)&V"
        "96DJ&HP6#x|i02Kfg5ETLdJQjEv1{nqb000(*0u~e|2o{6_04N}EVRCVGWppiLaBwYQa&m8XAa-SPb7^mGATl;"
        "CFfK6}92@`u0G9v&08l|vF#"
    ),
    "groups_and_pages": base64.b85decode(
        "P(e~L6$BN$4;8)!Oclrh6#x<d0Nw{61poj5cW-iJFcAp=F%by>G7$*?GZ6^@G!Y2^H4zB_HW3K`HxUT{I1vd1I"
        "R*_{1Tiob3IH(`3IH+{3IH<|3IH?}3IH_~3IH}03II113II423Ke7kG8JS1G8JS1G8JS1G8JS1G8JS1G8JS1G8"
        "JS1G8JS1G8JS1G8JS1GZkb2GZkb2GZkb2GZkb2GZkb2GZkb2GZkb2GZkb2GZkb2GZkb2G!<k3G!<k3G!<k3G!<"
        "k3G!<k3G!<k3G!<k3G!<k3G!<k3G!<k3H5Ft4H5Ft4H5Ft4H5Ft4H5Ft4H5Ft4H5Ft4H5Ft4H5Ft4H5Ft4HWg$"
        "5HWg$5HWg$5HWg$5HWg$5HWg$5HWg$5HWg$5HWg$5HWg$5Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6"
        "Hx*<6Hx*<6I2B|7I2B|7I2B|7I2B|7I2B|7I2B|7I2B|7I2B|7I2B|7I2B|7ITd68ITd68ITd68ITd68ITd68I"
        "Td68ITd68ITd6qIXDIY004Jya%4F<6#x}v6=*CKWEBt<1{DSz0000o!~y^S0Av9M4?rLcL}46AqAX0~JWwP}RA"
        "pUQrfpp3ePAe#WNDsgs;+G7zHkfx0000L02Oi-b}SWS6%Z8$6$Tst0024Q0ssI2WB~^cvKg&ryWw)W9k1v60fW"
        "LJv1mLZlgcHt>3l+?(kZoSy<)T4Ew}6ag2Uo50000002Kfgaus$g6=W3<6$TXs8~^|SIp6{S003kG2M>UNU_dA"
        "s4v2(e!Du)hkcebLsaP(UjAp~>cs`(zXhbTRPN<Y>#cH`;uowUU0000L1Qomw6~G2e703Y<01^NI-UlQG0001Y"
        "Z*pWcFck^_F%=2`G8GB{GZhK|G!+T}H5Cc~HWdm0Hx&v1I28&2IS~o~HWg$5HWg$5HWg$5HWg$5HWg$5HWg$5H"
        "Wg$5HWg$5HWg$5HWg$5Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6Hx*<6I2B|7I2B|7I2B|7I2"
        "B|7I2B|7I2B|7I2B|7I2B|7I2B|7I2B|7ITd68ITd68ITd68ITd68ITd68ITd68ITd68ITd68ITd6GIXML_^Z+"
        "ms2>>w>2>>z?2>>$@2>>(^2>>+_2>><`2>>?{2>>_|2^GEoF%`Z5F%`Z5F%`Z5F%`Z5F%`Z5F%`Z5F%`Z5F%`Z"
        "5F%`Z5F%@J0G8JS1G8JS1G8JS1G8JS1G8JS1G8JS1G8JS1G8JS1G8JS1G8JS1GZkb2GZkb2GZkb2GZkb2GZkb2"
        "GZkb2GZkb2GZkb2GZkb2GZkb2G!<k3G!<k3G!<k3G!<k3G!<k3G!<k3G!<k3G!<klG&lwT004Jya%40)6#x}v6"
        "=*CKWEBt<1{DSz0000o!~y^S0Av9M4?rLcL}46AqAX0~JWwP}RApUQrfpp3ePAe#WNDsgs;+G7zHkfx0000L02"
        "Oi-b}SWS6%Z8$6$Tst0024Q0ssI2WB~^cvKg&ryWw)W9k1v60fWLJv1mLZlgcHt>3l+?(kZoSy<)T4Ew}6ag2U"
        "o50000002KroEHwZa26JO*Wo=;<0ss{ZB?1@)X>Md?cqIT#8~^|S7W4xdEEyao02~zz88rX~5E&Q+X>Md?cohN"
        "`tO6F86BeclCg=tx2q`QT1Qh@k0ss{N6%Z8$06Z4p4H*U*CIGAg0000Mm=hMP0wxF+rV0QV93}u96$}|Q00s~l"
        "7zJr=WMz020v5;t7Jw2Kj0q-?5hkt*DJ&HP6#x|i02Kfg5ETRfJQkb@83q|90LTFV000(%5*Ek-Caww=j0pfJA"
        "aG%Fadl;MEn{$SEn#wUZ+9SeWpZ<AZ*CwmHZCwOF&P{j0002)0000`K~ga"
    ),
    "one_word_only": base64.b85decode(
        "P(e~L6$BLw6%b4n0u=xf000IQ0ssI2b8i&@6%rK|EEN(J5ETX$1{?qY00|%h0000I0Ra*K6$BY9H2@d}b7N>_Z"
        "DADx02K@+0vH8pZe(S6B>+qu0000M5*ZvB93}u96$}|Q00s~l7zJr=WMz020u~Y$U>0a5G$sfsEENP502KlN6#"
        "x|w6#@V}79<%4872S{0000MU=|W42o`7nC?IfQa&dKKbS-0Wa4lhSa&LDac4cyNX>V>IGBz$SE-@J#8~^|SlmG"
        "w#P(e~L"
    ),
    "gzip": base64.b85decode(
        "P(e~L6$BNo0TqY=Ocf9n01^NIABzY8000000s~`aU|=Z8NM!<2`DtuG^6;Fb(!6vag8{^QHht-{IcpSvtV9BU1"
        "*qo3{22`(lM?d)y3OhwR{#J26#x|+6+|o*6crE^1{DSz0000ViwFP!0000217l)fU=U$sX6-n3h@XK00D(&KmJ"
        "R>_02KroEHwZa26JO*Wo=;<0ss{ZB?1@)X>Md?cqIT#8~^|S78DsA85|}692E>1H2?+>85jj=Ze(S66$BO(7LW"
        "oKk^&~M0VW73EENP502KlN6#x|w6#@V}7I+y3872S}0000MkOCGICI}Xi0str=aA9(Bb!BudV{mXSVRCYBcOZ6"
        "Ua&u{KZXhx?E-)@J85|q{005Z)002-yQZW"
    ),
    "two_columns": base64.b85decode(
        "P(e~L6$BLu6%I@l0u=xf000FL0RR91cohH@5)~FK6#^9y6$TXs8~^|S2_OOh000630RjLO1QiMu4onpS6#x<d0"
        "0j^M0001a6#x|y6&5TN0u>My1{DSz00009AOZjY00IF40ss{R89X%r7zT4=Xk~3-6$Ahk3?%{>0bwNoOdJ3J02"
        "K@+0vG{eB>+qu0000M0vQ|`EG7UP6$}|Q00s~l7y)4w0u}-mUKVC1GA0NqEENP502KlN6#x|w6#@V}76KUt872"
        "S%0000c02~zz88rX~5E&Q&Vif`w0v28tW+s>cCT=M#6$BLk6#@Vi02L4w0suS~0vQGwCIA8e000)e0Tu!#2o}r"
        "%04N}EVRCVGWppiLaBwYQa&m8XAa-SPb7^mGATl;CFfK6}EF1s;8~^|S)&KwiP(e~L"
    ),
    "numbers": base64.b85decode(
        "P(e~L6$BM96)sE_1{DAj000;S0RRaBJOTg!0000000RI30000002Kfg6crdO6$TX$6$TXs8~^|S3M2vm000I70"
        "s|xf6$BY9H2@d}b7N>_ZDADx02Kr!0vG{d02T%r92p!Y02~zr88rX~5E&Q&VHE-v1{Q_^7Ki~RQYHu~EENP502"
        "KlN6#x|w6#@V}DFzuP00sa602YP;76v8=7Ki}=C?IfQa&dKKbS-0Wa4lhSa&LDac4cyNX>V>IGBz$SE-@J#8~^"
        "|ShyVZpP(e~L"
    ),
    "missing": base64.b85decode(
        "P(e~L6$BL&6&Oqv1Qh@h000Uk0RR91cmV(a0C^Pv6%rK|EENV75ETX$1{?qY00|%h000031pxyB6$BY9H2@d}b"
        "7N>_ZDADx02K@+0vG{dB>+qu0000M1{oX~93}u96$}|Q00s~l7y)4w0u}}qXcllLJSGS!EENP502KlN6#x|w6#"
        "@V}76cgv872Y*0000MXch)02o`VvC?IfQa&dKKbS-0Wa4lhSa&LDac4cyNX>V>IGBz$SE-@J#8~^|Si~s-tP(e"
        "~L"
    ),
    "lists": base64.b85decode(
        "P(e~L6$BL&6&Oqv1Qh@h000Uk0RR91cmV(a0C^Pv6&@8LEENP55ETX$1{?qY01r3<0000400IC200aX80|FHU8"
        "B8?*7zT4=Xk~3-6#@V?0vG{d6#^9oOgsPp05t>{1Z-(@bQJ;s6$~W;7zbr+Wo>0{bR_^x8~^|S76cg_85|}692"
        "E>1H2?+>88`u91Z-(@bO&W@Wo>0{bQJ;?1Qv7_d?q|52q`QT1Qh@k0ss{N6%Z8y06Z21872e(8AbpA00aO402X"
        "u>1SSX;d;lmQaA9(Bb!BudV{mXSVRCYBcOZ6Ua&u{KZXhx?E-)@J85|q{006uI002-yQZW"
    ),
    "newer_pages": base64.b85decode(
        "P(e~L6$BNo0Tp^o6%Z8w5&!^KXafKM0CZ?&0ssI2Z)OGn006_BVs&n3000000S+kUm!;;MtRMgY0AYFo05k*u0"
        "08ixn1BKR003cb6$TX)6%<?*6cqp!6crE^1Qh@h8~^|S6afPTh{nPX000#P87wsb7zT4=Xk~3-6#@Vi3?%{>1!"
        "-<%Wq2h3OdJ3J02UM(92p!Y02~zz88rX~5E&Q+X>Md?cohN`6c&&I7Tf_QpaCWbDJ&HP6#x|i02Kfg5ETLdJQj"
        "Ev1{o#*6aWAK7LWoK6eb83+yMY6AaG%Fadl;MEn{$SEn#wUZ+9SeWpZ<AZ*CwmHZCwOF&P{j0001)0000`K~ga"
    ),
    "other_encoding": base64.b85decode(
        "P(e~L6#y070Tqe?EEN<L4iyF!1{?qY0B$G(0000K0e}Gn3IGKG0SYt*IR*d#09<&DH{fj@06qZ#M099nZ)U@sV"
        "s&n3=9i`BoUCDb0RSj;Xl3x9n1Eq!Z)Oz)87wsb7zT4=Xk~3-6#@Vi3?%{>1!-<%Wq2h3OdJ3J02UM(92p!Y02"
        "~zz86^e|85jj=Ze(S66#^C%7KQ>Av;igvNgNdb6%G{w06Z3W83q|902BZK02YP<78E837PJ8XC?IfQa&dKKbS-"
        "0Wa4lhSa&LDac4cyNX>V>IGBz$SE-@J#8~^|SjsO4vP(e~L"
    ),
    "not_utf8": base64.b85decode(
        "P(e~L6$BLw6%b4n0u=xf000IQ0ssI2|Na#K6%rK|EENJ35ETX$1{?qY00|%h000020RaL46$BY9H2@d}b7N>_Z"
        "DADx02K@+0vG{d02Trn92p!Y02~zz88rX~5E&Q&VHE-v0v2EvXeKl!2q`QT1Qh@k0ss{N6%Z8y06Z2183q|900"
        "IC202W{t0wxF+XaFc6aA9(Bb!BudV{mXSVRCYBcOZ6Ua&u{KZXhx?E-)@J85|q{004#n002-yQZW"
    ),
}
