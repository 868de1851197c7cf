#!/usr/bin/env python3
"""Makes ledger.xls, the twin of the ledger that workbook_test.go makes as XLSX: invented firms, two header rows,
merged cells, a total, dates in every form, texts enough to go on in a second record. Debian's python3-xlwt 1.3.0 wrote it."""
import datetime, sys
import xlwt

book = xlwt.Workbook()
notes = book.add_sheet("说明")
notes.write(0, 0, "虚构数据")
for i in range(400):  # more text than one record holds, in both widths
    notes.write(i + 1, 0, ("invented %d " % i) * 3 if i % 2 else "虚构第%d行，为测试而作" % i)
s = book.add_sheet("台账")
date = xlwt.easyxf(num_format_str="yyyy\"年\"m\"月\"d\"日\"")
time = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")
s.write_merge(0, 0, 0, 9, "虚构镇隐患排查台账")
for c, (up, low) in enumerate([("序号", ""), ("单位", "名称"), ("单位", "统一社会信用代码"), ("位置", "经度"), ("位置", "纬度"),
                               ("隐患", "描述"), ("隐患", "等级"), ("发现", "时间"), ("整改期限", ""), ("备注", "")]):
    if low:
        s.write(1, c, up) if c in (1, 3, 5, 7) else None
        s.write(2, c, low)
    else:
        s.write_merge(1, 2, c, c, up)
s.merge(1, 1, 1, 2); s.merge(1, 1, 3, 4); s.merge(1, 1, 5, 6)
for c, v in enumerate([1, "虚构甲鞋厂", "91330381MAALXE6197", 120.6533, 27.9302]):
    s.write_merge(3, 4, c, c, v)
for r, row in enumerate([("电线未套管", "一般", (datetime.datetime(2014, 11, 3, 9, 30), time), "15天", True),
                         ("灭火器过期", "重大", (41946, None), (datetime.date(2014, 12, 1), date), 2.5)]):
    for c, v in enumerate(row):
        if isinstance(v, tuple):
            s.write(3 + r, 5 + c, v[0], v[1]) if v[1] else s.write(3 + r, 5 + c, v[0])
        else:
            s.write(3 + r, 5 + c, v)
for c, v in enumerate([2, "虚构乙铺", "", 120.6611, 27.9315, "占用通道", "一般隐患", "2014.11.4", "2014/12/2", 330381000012345]):
    s.write(5, c, v)
s.write(6, 0, xlwt.Formula("A4+1"))
s.write(6, 1, "虚构丙仓储")
s.write_merge(7, 7, 0, 1, "合 计")
s.write(7, 5, "3条")
book.save(sys.argv[1] if len(sys.argv) > 1 else "ledger.xls")
